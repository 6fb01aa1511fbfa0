import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import path from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccountId, type DeviceList, encodeDeviceList } from '@skerry/protocol';
import { signUp } from '../harness/raw-client.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { until } from '../harness/watch.ts';
import { canReach, idOf, Keyed, say, texts } from './keyed-member.ts';

/** What whoever runs a server can do to its database: put another account key, and a device of their own, under somebody. */
function swapKeys(data: string, account: AccountId): { key: string } {
  const db = new Database(path.join(data, 'skerry.db'));
  try {
    const row = db
      .prepare('SELECT version, digest, json FROM device_lists WHERE account_id = ? ORDER BY version DESC LIMIT 1')
      .get(account) as { version: number; digest: string; json: string };
    const { server_id: serverId } = db.prepare('SELECT server_id FROM server').get() as { server_id: string };
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ format: 'jwk' }).x ?? '';
    const before = JSON.parse(row.json) as DeviceList;
    const list: Omit<DeviceList, 'signature' | 'succession'> = {
      account,
      accountKey: key,
      version: row.version + 1,
      previous: row.digest,
      at: Date.now(),
      devices: [
        ...before.devices,
        { ...before.devices[0]!, device: 2, signKey: key, identityKey: `BQ${'A'.repeat(42)}`, addedAt: Date.now() },
      ],
    };
    const bytes = encodeDeviceList(serverId, list);
    const signature = sign(null, bytes, privateKey).toString('base64url');
    db.prepare('INSERT INTO device_lists (account_id, version, account_key, digest, json) VALUES (?, ?, ?, ?, ?)').run(
      account,
      list.version,
      key,
      createHash('sha256').update(bytes).digest('base64url'),
      JSON.stringify({ ...list, signature, succession: null }),
    );
    db.prepare('UPDATE accounts SET devices = ?, account_key = ? WHERE id = ?').run(list.version, key, account);
    return { key };
  } finally {
    db.close();
  }
}

/** T35: a server that puts a key of its own under a person. */
describe('A server that swaps the keys of a person', () => {
  let server: SpawnedServer;
  beforeAll(async () => {
    server = await SpawnedServer.start({ args: ['--client', 'none'] });
    await signUp(server.origin, 'owner', server.setupCode);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it('is sent nothing more for that person, says so, and keeps what was said (T35, E-3)', async () => {
    await using anna = await Keyed.create({ speed: 20 });
    await using ben = await Keyed.create({ speed: 20 });
    const a = await anna.register(server.origin, 'anna');
    const b = await ben.register(server.origin, 'ben');
    await canReach(a, idOf(b));
    const channel = await a.sealed.startDirect(idOf(b));
    await say(a, channel, 'before');
    await texts(b, channel, ['before']);
    const number = await a.sealed.safetyNumber(idOf(b));

    await server.stop();
    swapKeys(server.data, idOf(b));
    await server.start();
    await anna.member.whenLive(a);
    await until(a.sealed.state, (state) => state === 'ready');
    const id = await a.send({ channel, text: 'for ben alone', replyTo: null });
    using timeline = a.timeline(channel);
    const view = await until(
      timeline.view,
      ({ pending }) => pending.some(({ state }) => state.kind === 'parked'),
      20_000,
    );
    expect(view.pending[0]).toMatchObject({
      id,
      text: 'for ben alone',
      state: { kind: 'parked', code: 'keys_changed' },
    });
    expect(view.messages.map(({ message }) => message.text)).toEqual(['before']);
    const conversation = await until(a.sealed.conversation(channel), (now) => now?.problem != null);
    expect(conversation?.problem).toEqual({ kind: 'keysChanged', account: idOf(b) });
    // What is compared is still the key that was verified first.
    expect((await a.sealed.safetyNumber(idOf(b)))?.digits).toEqual(number?.digits);

    await server.stop();
    const db = new Database(path.join(server.data, 'skerry.db'));
    const said = db.prepare("SELECT count(*) AS n FROM sealed WHERE op = 'post'").get() as { n: number };
    db.close();
    expect(said.n).toBe(1);
  });
});
