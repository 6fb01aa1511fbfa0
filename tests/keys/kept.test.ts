import { serialize } from 'node:v8';
import { createClient, type Clock, type Platform } from '@skerry/core';
import { createNodePlatform } from '@skerry/core/node';
import { createMemoryStorage, MemoryDisk } from '@skerry/core/testing';
import { fromBase64Url } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { general, sendAndSee } from '../harness/member.ts';
import { signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import { eventually, until } from '../harness/watch.ts';
import { canReach, idOf, Keyed, ready, say, texts } from '../sealed/keyed-member.ts';

const PERSON = '00000000-0000-4000-8000-000000000002';

/** Every way in which a secret could lie in a file. */
function forms(secret: Uint8Array | string): Buffer[] {
  const bytes = Buffer.from(secret as Uint8Array);
  return [
    bytes,
    Buffer.from(bytes.toString('base64url')),
    Buffer.from(bytes.toString('base64')),
    Buffer.from(bytes.toString('hex')),
    Buffer.from(bytes.toString('latin1'), 'utf16le'),
  ];
}

function holds(disk: MemoryDisk, secret: Uint8Array | string): boolean {
  const dumps = [...disk.databases.values()].map((database) => serialize(database.dump()));
  return forms(secret).some((form) => dumps.some((dump) => dump.includes(form)));
}

describe('What a device keeps of keys', () => {
  let server: RealServer;
  beforeAll(async () => {
    server = await startReal();
    await signUp(server.origin, 'owner', server.setupCode);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  it('S4.3, S4.20, T37: no secret and nothing said in confidence lies in the clear', async () => {
    const disk = new MemoryDisk();
    await using anna = await Keyed.create({ disk });
    await using ben = await Keyed.create();
    const a = await anna.register(server.origin, 'anna');
    const b = await ben.register(server.origin, 'ben');
    await canReach(a, idOf(b));
    const channel = await a.sealed.startDirect(idOf(b));
    await say(a, channel, 'CANARY-in-confidence');
    await texts(b, channel, ['CANARY-in-confidence']);
    const open = await general(a);
    await sendAndSee(a, open, 'CANARY-in-public');
    a.setDraft(channel, 'CANARY-draft');
    await eventually('the public message is kept', () => holds(disk, 'CANARY-in-public'));

    const stored = disk.secrets.get(JSON.stringify([PERSON, 'person/1'])) ?? '';
    const master = fromBase64Url((JSON.parse(stored) as { master: string }).master);
    expect(master).toHaveLength(32);
    for (const secret of [
      master!,
      'CANARY-in-confidence',
      (await anna.member.client.person.words()).join(' '),
      'CANARY-draft',
      '"seed"',
    ])
      expect(holds(disk, secret)).toBe(false);
    // Of the vault only what it seals knows the secret; the entry's own key is wrapped by it.
    for (const [name, value] of disk.secrets)
      if (!name.includes(PERSON))
        expect(forms(master!).some((form) => value.includes(form.toString('latin1')))).toBe(false);
  });

  it('a backup brings history, whose keys were seen and settings to a new device, and no ratchet (E-13)', async () => {
    await using cleo = await Keyed.create();
    await using dora = await Keyed.create();
    const c = await cleo.register(server.origin, 'cleo');
    const d = await dora.register(server.origin, 'dora');
    await canReach(c, idOf(d));
    const channel = await c.sealed.startDirect(idOf(d));
    for (const text of ['one', 'two']) await say(c, channel, text);
    await texts(d, channel, ['one', 'two']);
    await say(d, channel, 'three');
    await texts(c, channel, ['one', 'two', 'three']);
    await c.sealed.markVerified(idOf(d), true);
    expect(await c.keys.backupInfo()).toBeNull();
    await expect(c.keys.restoreBackup()).rejects.toMatchObject({ code: 'not_found' });
    const moved: number[] = [];
    const saved = await c.keys.saveBackup({ onProgress: (bytes) => moved.push(bytes) });
    expect(moved.at(-1)).toBe(saved.bytes);
    expect(await c.keys.backupInfo()).toEqual(saved);
    const file = await c.keys.exportBackup();

    await using fresh = await cleo.another();
    const f = await fresh.signIn(server.origin, 'cleo');
    expect(f.keys.state.get()).toEqual({ kind: 'ready', device: 2 });
    await texts(f, channel, []);
    const bent = file.slice();
    bent[bent.length - 20]! ^= 1;
    for (const broken of [bent, file.slice(0, -1), file.slice(0, 10)])
      await expect(f.keys.importBackup(broken)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(d.keys.importBackup(file)).rejects.toMatchObject({ code: 'bad_request' });
    const restored = await f.keys.restoreBackup();
    expect(restored.records).toBeGreaterThan(3);
    await ready(f);
    await texts(f, channel, ['one', 'two', 'three']);
    expect((await until(f.sealed.conversation(channel), (view) => view !== undefined))?.members).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ account: idOf(d), trust: 'verified' })]),
    );
    // Both go on side by side: each with sessions of its own.
    expect(f.keys.state.get()).toEqual({ kind: 'ready', device: 2 });
    await say(f, channel, 'from the new one');
    await say(c, channel, 'from the old one');
    for (const handle of [c, d, f])
      await texts(handle, channel, ['one', 'two', 'three', 'from the new one', 'from the old one']);
    expect((await f.keys.importBackup(file)).records).toBe(0);
    await f.keys.dropBackup();
    expect(await c.keys.backupInfo()).toBeNull();
  });

  it('a page that its server delivers comes in by key as well, before it knew which server that is', async () => {
    const platform = createNodePlatform({ storage: createMemoryStorage(new MemoryDisk()), deviceLabel: 'Page' });
    const client = await createClient(platform, { mode: 'hosted', origin: server.origin });
    try {
      await client.person.create();
      const handle = client.server(client.servers.get()[0]!.entry.id)!;
      await handle.signIn({ kind: 'registerByKey', username: 'page', displayName: 'Page', code: null, password: null });
      await ready(handle);
      expect(handle.keys.devices.get()).toMatchObject([{ device: 1, isThis: true, standing: 'listed' }]);
    } finally {
      await client[Symbol.asyncDispose]();
    }
  });

  it('S4.25: disposing leaves no timer, no socket and no request', async () => {
    const node = createNodePlatform({ storage: createMemoryStorage(new MemoryDisk()), deviceLabel: 'Journey' });
    const open = { timers: 0, sockets: 0, requests: 0 };
    const clock: Clock = {
      now: () => node.clock.now(),
      after: (ms, task) => {
        open.timers++;
        let over = false;
        const end = (): void => {
          if (!over) open.timers--;
          over = true;
        };
        const cancel = node.clock.after(ms, () => {
          end();
          task();
        });
        return () => {
          end();
          cancel();
        };
      },
      sleep: async (ms, signal) => {
        open.timers++;
        await node.clock.sleep(ms, signal).finally(() => open.timers--);
      },
    };
    const platform: Platform = {
      ...node,
      clock,
      http: {
        request: async (request) => {
          open.requests++;
          return node.http.request(request).finally(() => open.requests--);
        },
      },
      openTransport: (url, options, handlers) => {
        open.sockets++;
        return node.openTransport(url, options, {
          ...handlers,
          ended: (end) => {
            open.sockets--;
            handlers.ended(end);
          },
        });
      },
    };
    const client = await createClient(platform, { mode: 'hub' });
    await client.person.create();
    const found = await client.probe(server.origin, {
      allowPlain: true,
      signal: AbortSignal.timeout(10_000),
      onStep: () => undefined,
    });
    if (!found.ok) throw new Error('not found');
    const id = await client.join(found.found, {
      kind: 'registerByKey',
      username: 'emma',
      displayName: 'Emma',
      code: null,
      password: null,
    });
    const handle = client.server(id)!;
    await ready(handle);
    await until(handle.state, ({ kind }) => kind === 'live');
    expect(open.timers).toBeGreaterThan(0);
    await client[Symbol.asyncDispose]();
    await eventually('everything has ended', () => open.sockets === 0 && open.requests === 0);
    expect(open).toEqual({ timers: 0, sockets: 0, requests: 0 });
  });
});
