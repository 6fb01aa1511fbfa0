import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EntryId, ServerEntry } from '../views.ts';
import { readServerList, writeServerList } from './list-file.ts';

test('S0.9: the list of a desktop client is read: addresses and names, and no token', () => {
  const text = JSON.stringify({
    servers: [
      { id: 'x', name: 'Home', url: 'https://home.example/', token: 'secret', userId: '1', addedAt: '2024-01-01' },
      { id: 'y', name: '', url: 'https://work.example:8443/api' },
    ],
    activeServerId: 'x',
  });
  expect(readServerList(text)).toEqual([
    { address: 'https://home.example', label: 'Home', enabled: true },
    { address: 'https://work.example:8443', label: null, enabled: true },
  ]);
});

test('S1.4, S1.6: the list of a connection pool and its single predecessor are read', () => {
  const configs = JSON.stringify([{ id: '1', name: 'Lab', url: 'http://127.0.0.1:8080', isEnabled: false }]);
  expect(readServerList(configs)).toEqual([{ address: 'http://127.0.0.1:8080', label: 'Lab', enabled: false }]);
  expect(readServerList(JSON.stringify({ server_configs: configs }))).toEqual(readServerList(configs));
  const single = [{ address: 'https://chat.example', label: null, enabled: true }];
  expect(readServerList(JSON.stringify({ server_url: 'https://chat.example/' }))).toEqual(single);
  expect(readServerList('https://chat.example')).toEqual(single);
});

test('S2.10: a registry of addresses with labels is read, as list and as map', () => {
  const expected = [{ address: 'https://a.example', label: 'A', enabled: true }];
  expect(
    readServerList(JSON.stringify({ 'server-registry': [{ url: 'https://a.example', label: 'A', lastUsedAt: 5 }] })),
  ).toEqual(expected);
  expect(readServerList(JSON.stringify({ one: { url: 'https://a.example', label: 'A' } }))).toEqual(expected);
});

test('our own list is read again, and holds nothing that would let anyone in', () => {
  const entry: ServerEntry = {
    id: 'e' as EntryId,
    serverId: 's',
    key: 'k',
    words: ['a'],
    addresses: [{ origin: 'https://a.example', note: 'home' }],
    account: { id: 'acc' as never, username: 'anna', displayName: 'Anna' },
    label: 'Mine',
    color: 1,
    muted: true,
    enabled: true,
    name: 'Theirs',
    iconUrl: null,
    addedAt: 1,
    lastLiveAt: 2,
  };
  const text = writeServerList([entry]);
  expect(readServerList(text)).toEqual([{ address: 'https://a.example', label: 'Mine', enabled: true }]);
  expect(text).not.toMatch(/anna|acc|"e"/);
});

test('addresses that hide another host, foreign schemes and doubles are left out; names lose what turns a line around', () => {
  const list = [
    'https://u:p@evil.example',
    'ftp://a.example',
    'https://a.example/path',
    'https://a.example',
    'HTTPS://A.example/',
  ];
  expect(readServerList(JSON.stringify(list))).toEqual([{ address: 'https://a.example', label: null, enabled: true }]);
  expect(readServerList(JSON.stringify([{ url: 'https://b.example', name: 'x\u202egnp.exe' }]))).toEqual([
    { address: 'https://b.example', label: 'xgnp.exe', enabled: true },
  ]);
});

test('any text gives a list', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.anything().map((value) => JSON.stringify(value) ?? ''),
      ),
      (text) => {
        for (const server of readServerList(text)) expect(new URL(server.address).origin).toBe(server.address);
      },
    ),
  );
});
