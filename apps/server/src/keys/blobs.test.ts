import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import path from 'node:path';
import { type Command, encodeRoster, LIMITS, TIMES } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDriver, type SqliteDriver } from '../db/driver.ts';
import { DATABASE_FILE } from '../server/data-files.ts';
import { KeyedAccount } from '../testing/keyed-account.ts';
import { freshId, TestServer } from '../testing/test-server.ts';

let ahead = 0;
const tasks: (() => void)[] = [];
/** Everything that a server does from time to time. */
const round = (): void => tasks.forEach((task) => task());
let server: TestServer;
let file: SqliteDriver;
let ada: KeyedAccount;
let ben: KeyedAccount;
let cat: KeyedAccount;
let channel: string;

beforeAll(async () => {
  server = await TestServer.start(
    {},
    { clock: { now: () => Date.now() + ahead }, every: (_ms, task) => (tasks.push(task), () => undefined) },
  );
  file = await openDriver(path.join(server.data, DATABASE_FILE), 'read');
  [ada, ben, cat] = [
    await KeyedAccount.create(server, 'ada'),
    await KeyedAccount.create(server, 'ben'),
    await KeyedAccount.create(server, 'cat'),
  ];
  channel = freshId();
  expect((await server.run(ada, { kind: 'direct.create', account: ben.id }, channel as never)).status).toBe(200);
});
afterAll(async () => {
  file.close();
  await server[Symbol.asyncDispose]();
});

const parts = () => Number(file.prepare('SELECT count(*) FROM parts').get([])?.[0]);
const put = (who: { accessToken: string }, bytes: Uint8Array, channelId = channel) =>
  server.call('putBlob', { token: who.accessToken, params: { channelId }, body: bytes });
const get = (who: { accessToken: string }, blobId: string) =>
  server.call('blob', { token: who.accessToken, params: { blobId } });
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Ada says something to ben that carries these attachments. @returns its id */
async function post(...blobs: string[]): Promise<string> {
  const members = [ada, ben].map((person) => ({ account: person.id, devices: person.list?.version ?? 0 }));
  const roster = createHash('sha256')
    .update(encodeRoster({ channel, chain: 0, members }))
    .digest('base64url');
  const envelopes = [{ account: ben.id, device: 1, body: 'AQID' }];
  const said = { op: 'post', target: null, body: null, envelopes, roster, blobs };
  const id = freshId();
  const answered = await server.run(ada, { kind: 'sealed.send', channel, ...said } as unknown as Command, id);
  expect([answered.status, answered.code]).toEqual([200, undefined]);
  return id;
}

type CutOff = { announced: number; sent: Uint8Array; route?: string; when: Promise<unknown> };

/** Begins an upload of so many bytes, sends some of them, and goes away when that is so. */
const cutOff = ({ announced, sent, route = `/api/channels/${channel}/blobs`, when }: CutOff) =>
  new Promise<void>((resolve) => {
    const upload = request(new URL(route, server.running.url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${ada.accessToken}`,
        'content-type': 'application/octet-stream',
        'content-length': announced,
      },
    });
    upload.on('error', () => resolve());
    upload.write(sent, () => void when.then(() => upload.destroy()));
  });
/** Some of an upload has been stored. */
const stored = async (before: number) => expect.poll(parts, SOON).toBeGreaterThan(before);
/** A machine may be busy with other tests. */
const SOON = { timeout: 15_000 };

describe('an attachment (E-12)', () => {
  it('comes back byte for byte, whatever its size, as something to be kept and not shown (T40)', async () => {
    for (const size of [1, 1_000, 256 * 1_024, 256 * 1_024 + 1, 1_500_000]) {
      const bytes = randomBytes(size);
      const { blob } = (await put(ada, bytes)).body;
      const back = await get(ada, blob);
      expect([back.body.length, digest(back.body)]).toEqual([size, digest(bytes)]);
      expect(Object.fromEntries(back.headers)).toMatchObject({
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment',
        'content-length': String(size),
        'cache-control': 'private, no-store',
        'x-content-type-options': 'nosniff',
      });
    }
  });

  it('is read by its uploader alone until a message names it, and then by the conversation alone', async () => {
    const { blob } = (await put(ada, randomBytes(100))).body;
    expect([(await get(ada, blob)).status, (await get(ben, blob)).code]).toEqual([200, 'not_found']);
    await post(blob);
    expect([(await get(ada, blob)).status, (await get(ben, blob)).status]).toEqual([200, 200]);
    expect((await get(cat, blob)).code).toBe('not_found');
    expect((await get(ada, freshId())).code).toBe('not_found');
  });

  it('is gone with its message, its bytes with the next round', async () => {
    const before = parts();
    const { blob } = (await put(ada, randomBytes(300_000))).body;
    const message = await post(blob);
    const members = [ada, ben].map((person) => ({ account: person.id, devices: 1 }));
    const roster = createHash('sha256')
      .update(encodeRoster({ channel, chain: 0, members }))
      .digest('base64url');
    const envelopes = [{ account: ben.id, device: 1, body: 'AQID' }];
    const said = { op: 'delete', target: message, body: null, envelopes, roster, blobs: [] };
    expect((await server.run(ada, { kind: 'sealed.send', channel, ...said } as unknown as Command)).code).toBe(
      undefined,
    );
    expect((await get(ben, blob)).code).toBe('not_found');
    ahead = 16 * 60_000;
    await expect.poll(() => (round(), parts()), SOON).toBe(before);
    ahead = 0;
  });

  it('is dropped after 24 h when no message came to name it, its bytes with the next round', async () => {
    const before = parts();
    const [loose, named] = [
      (await put(ada, randomBytes(2_500_000))).body.blob,
      (await put(ada, randomBytes(10))).body.blob,
    ];
    await post(named);
    expect(parts()).toBe(before + 11);
    ahead = TIMES.looseBlobMs - 60_000;
    round();
    await new Promise((resolve) => setTimeout(resolve, 100));
    ahead = 0;
    expect((await get(ada, loose)).status).toBe(200);
    ahead = TIMES.looseBlobMs + 1_000;
    try {
      // Those of the other tests that no message names go as well.
      await expect
        .poll(() => (round(), file.prepare('SELECT count(*) FROM blobs WHERE message_id IS NULL').get([])?.[0]), SOON)
        .toBe(0);
      await expect
        .poll(() => (round(), file.prepare('SELECT count(*) FROM parts WHERE owner_id = ?').get([loose])?.[0]), SOON)
        .toBe(0);
    } finally {
      ahead = 0;
    }
    expect((await get(ada, loose)).code).toBe('not_found');
    expect((await get(ben, named)).body).toHaveLength(10);
  });

  it('is for encrypted conversations the caller is in, from a listed device (E-11)', async () => {
    const open = freshId();
    const settings = { name: 'plain', topic: '', visibility: 'public', history: 'all' } as const;
    await server.run(ada, { kind: 'channel.create', ...settings }, open);
    const bytes = randomBytes(10);
    const unlisted = await ada.addDevice();
    const before = parts();
    expect((await put(ada, bytes, open)).code).toBe('forbidden');
    expect((await put(cat, bytes)).code).toBe('not_found');
    expect((await put(unlisted, bytes)).code).toBe('no_device');
    expect((await put({ accessToken: 'A'.repeat(43) }, bytes)).code).toBe('unauthorized');
    expect((await put(ada, bytes, freshId())).code).toBe('not_found');
    expect(parts()).toBe(before);
  });

  it('has a size, up to the limit', async () => {
    const before = parts();
    expect((await put(ada, new Uint8Array())).code).toBe('bad_request');
    expect((await put(ada, Buffer.alloc(LIMITS.blobBytes + 1))).code).toBe('too_large');
    // Without saying its size beforehand.
    const body = new ReadableStream({
      pull: (stream) => {
        stream.enqueue(new Uint8Array(1024 * 1024));
        if (++sent > 40) stream.close();
      },
    });
    let sent = 0;
    const init = {
      method: 'POST',
      headers: { authorization: `Bearer ${ada.accessToken}`, 'content-type': 'application/octet-stream' },
      body,
      duplex: 'half',
    } as RequestInit;
    const response = await fetch(new URL(`/api/channels/${channel}/blobs`, server.running.url), init);
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      413,
      'too_large',
    ]);
    await expect.poll(parts, SOON).toBe(before);
  });

  it('that is cut off on its way leaves nothing', async () => {
    const before = parts();
    await cutOff({ announced: 2_000_000, sent: randomBytes(1_200_000), when: stored(before) });
    await expect.poll(parts, SOON).toBe(before);
    expect(server.logged.join('')).not.toContain('"fault"');
  });

  it('comes with only so many others of its account at once', async () => {
    const before = parts();
    let leave: () => void = () => undefined;
    const when = new Promise<void>((resolve) => (leave = resolve));
    const sent = randomBytes(300_000);
    const uploads = Array.from({ length: 10 }, () => cutOff({ announced: 2_000_000, sent, when }));
    await expect.poll(parts, SOON).toBe(before + 10);
    expect((await put(ada, randomBytes(10))).code).toBe('rate_limited');
    expect((await put(ben, randomBytes(10))).status).toBe(200);
    leave();
    await Promise.all(uploads);
    await expect.poll(parts, SOON).toBe(before + 1);
    expect((await put(ada, randomBytes(10))).status).toBe(200);
  });

  it('is plain bytes and nothing else', async () => {
    const call = (type: string, route: string) =>
      fetch(new URL(route, server.running.url), {
        method: 'POST',
        headers: { authorization: `Bearer ${ada.accessToken}`, 'content-type': type },
        body: '{}',
      });
    const wrong = [
      await call('application/json', `/api/channels/${channel}/blobs`),
      await call('image/png', `/api/channels/${channel}/blobs`),
      await call('application/octet-stream', '/api/auth/sign-out'),
      await call('application/octet-stream', '/api/commands'),
    ];
    for (const response of wrong)
      expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'bad_request' } }]);
  });

  it('waits with only so many others for its message', async () => {
    const dan = await KeyedAccount.create(server, 'dan');
    const id = freshId();
    await server.run(dan, { kind: 'direct.create', account: ben.id }, id);
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 51; i++) codes.push((await put(dan, Uint8Array.of(i), id)).code);
    expect(codes.filter((code) => code !== undefined)).toEqual(['limit_reached']);
    expect(codes.at(-1)).toBe('limit_reached');
  });
});

describe('a backup (E-13)', () => {
  const save = (who: { accessToken: string }, bytes: Uint8Array) =>
    server.call('putBackup', { token: who.accessToken, body: bytes });
  const info = async (who: KeyedAccount) => (await server.ask('backupInfo', { token: who.accessToken })).backup;
  const load = (who: KeyedAccount) => server.call('backup', { token: who.accessToken });

  it('is one, replaced by the next when that is whole, and erased with its bytes', async () => {
    const before = parts();
    expect([await info(ada), (await load(ada)).code]).toEqual([null, 'not_found']);
    const [first, second] = [randomBytes(3_000_000), randomBytes(700_000)];
    const { at } = (await save(ada, first)).body;
    expect(await info(ada)).toEqual({ at, bytes: first.length });
    await save(ada, second);
    expect(digest((await load(ada)).body)).toBe(digest(second));
    expect(parts()).toBe(before + 3);
    await server.ask('dropBackup', { token: ada.accessToken });
    expect([await info(ada), parts()]).toEqual([null, before]);
    expect((await server.call('dropBackup', { token: ada.accessToken })).code).toBe('not_found');
  });

  it('stays as it was when the next one is cut off or too large', async () => {
    const first = randomBytes(400_000);
    await save(ada, first);
    const before = parts();
    await cutOff({ announced: 5_000_000, sent: randomBytes(2_000_000), route: '/api/backup', when: stored(before) });
    expect((await save(ada, Buffer.alloc(LIMITS.backupBytes + 1))).code).toBe('too_large');
    expect((await save(ada, new Uint8Array())).code).toBe('bad_request');
    await expect.poll(parts, SOON).toBe(before);
    expect(digest((await load(ada)).body)).toBe(digest(first));
  });

  it('is its own account’s alone', async () => {
    await save(ada, randomBytes(100));
    expect([await info(cat), (await load(cat)).code]).toEqual([null, 'not_found']);
    expect((await server.call('dropBackup', { token: cat.accessToken })).code).toBe('not_found');
    expect(await info(ada)).toMatchObject({ bytes: 100 });
  });

  it('needs no device: whoever starts on a new one has none yet', async () => {
    const eve = await KeyedAccount.withKey(server, 'eve');
    const bytes = randomBytes(100);
    expect((await save(eve.who, bytes)).status).toBe(200);
    const { accessToken } = await eve.signIn();
    expect(digest((await server.ask('backup', { token: accessToken })) as Uint8Array)).toBe(digest(bytes));
  });

  it('of the largest size goes in and out', async () => {
    const bytes = Buffer.alloc(LIMITS.backupBytes, 'sixteen bytes...');
    await save(cat, bytes);
    expect(digest((await load(cat)).body)).toBe(digest(bytes));
    await server.ask('dropBackup', { token: cat.accessToken });
  });

  it('whose parts a crash left behind is tidied away', async () => {
    const before = parts();
    const writer = await openDriver(path.join(server.data, DATABASE_FILE), 'write');
    try {
      for (let n = 0; n < 20; n++)
        writer.prepare("INSERT INTO parts VALUES ('gone', ?, ?, ?)").run([n, randomBytes(10), Date.now()]);
    } finally {
      writer.close();
    }
    round();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(parts()).toBe(before + 20);
    ahead = 16 * 60_000;
    await expect.poll(() => (round(), parts()), SOON).toBe(before);
    ahead = 0;
  });
});
