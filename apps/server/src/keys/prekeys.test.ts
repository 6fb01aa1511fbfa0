import path from 'node:path';
import { LIMITS, type PrekeyUpload } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restoreData } from '../operate/restore.ts';
import { curveKey, KeyedAccount, prekeys } from '../testing/keyed-account.ts';
import { LogFixture } from '../testing/log-fixture.ts';
import { TestServer } from '../testing/test-server.ts';
import { tidyKeys } from './blob-writes.ts';
import { claimPrekeys } from './prekey-writes.ts';

let server: TestServer;
let ada: KeyedAccount;

beforeAll(async () => {
  server = await TestServer.start();
  ada = await KeyedAccount.create(server, 'ada');
});
afterAll(() => server[Symbol.asyncDispose]());

let made = 0;
const person = (oneTime: number) => KeyedAccount.create(server, `person${++made}`, oneTime);
const publish = (who: { accessToken: string }, body: unknown) =>
  server.call('publishPrekeys', { token: who.accessToken, body });
const claim = (of: KeyedAccount, by: { accessToken: string } = ada, device = 1) =>
  server.call('claimPrekeys', { token: by.accessToken, body: { account: of.id, device } });
const oneTime = (preKeys: PrekeyUpload['preKeys']) => ({ signedPreKey: null, kyberPreKey: null, preKeys });

describe('the key directory (E-7)', () => {
  it('gives each one-time prekey once, and then the bundle without one', async () => {
    const ben = await person(0);
    const upload = prekeys(3, 10);
    expect((await publish(ben, upload)).body).toEqual({ oneTimeLeft: 3 });
    const bundles = [];
    for (let i = 0; i < 5; i++) bundles.push((await claim(ben)).body);
    expect(bundles.map(({ preKey }) => preKey)).toEqual([...upload.preKeys, null, null]);
    const { identityKey, registrationId } = ben.device;
    const { signedPreKey, kyberPreKey } = upload;
    for (const bundle of bundles)
      expect(bundle).toMatchObject({ identityKey, registrationId, signedPreKey, kyberPreKey });
  });

  it('never gives out an id again, whatever is published under it', async () => {
    const ben = await person(0);
    const first = prekeys(2);
    await publish(ben, first);
    expect((await claim(ben)).body.preKey?.id).toBe(1);
    // The very same upload once more, as after a lost answer; and other keys under the same ids.
    expect((await publish(ben, first)).body).toEqual({ oneTimeLeft: 1 });
    const second = prekeys(2);
    expect((await publish(ben, second)).body).toEqual({ oneTimeLeft: 1 });
    expect((await claim(ben)).body.preKey).toEqual(second.preKeys[1]);
    expect((await claim(ben)).body.preKey).toBeNull();
  });

  it('gives none twice to many who come at once', async () => {
    const ben = await person(25);
    const bundles = await Promise.all(Array.from({ length: 40 }, () => claim(ben)));
    const ids = bundles.map(({ body }) => body.preKey?.id).filter((id) => id !== undefined);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
  });

  it('keeps a claim over a restart', async () => {
    await using fresh = await TestServer.start();
    const [cat, dan] = [await KeyedAccount.create(fresh, 'cat'), await KeyedAccount.create(fresh, 'dan', 2)];
    const body = { account: dan.id, device: 1 };
    const take = async () => (await fresh.ask('claimPrekeys', { token: cat.accessToken, body })).preKey?.id;
    expect(await take()).toBe(1);
    await fresh.stop();
    await fresh.start();
    expect([await take(), await take()]).toEqual([2, undefined]);
  });

  it('hands out nothing that an older copy of the database still offers', async () => {
    await using fresh = await TestServer.start();
    const [cat, dan] = [await KeyedAccount.create(fresh, 'cat'), await KeyedAccount.create(fresh, 'dan', 0)];
    const upload = prekeys(3);
    const publishAgain = (preKeys: PrekeyUpload['preKeys']) =>
      fresh.ask('publishPrekeys', { token: dan.accessToken, body: { ...upload, preKeys } });
    await publishAgain(upload.preKeys);
    const body = { account: dan.id, device: 1 };
    const take = async () => (await fresh.ask('claimPrekeys', { token: cat.accessToken, body })).preKey?.id;
    const copy = path.join(fresh.data, 'copy.db');
    await fresh.running.backup(copy);
    expect(await take()).toBe(1);
    await fresh.stop();
    await restoreData({ data: fresh.data, from: copy, now: Date.now() });
    await fresh.start();
    expect(await take()).toBeUndefined();
    await publishAgain([...upload.preKeys, { id: 4, publicKey: curveKey() }]);
    expect([await take(), await take()]).toEqual([4, undefined]);
  });

  it('leaves as it is what an upload does not name', async () => {
    const ben = await person(0);
    const first = prekeys(0);
    await publish(ben, first);
    const { signedPreKey } = prekeys(0, 2);
    await publish(ben, { signedPreKey, kyberPreKey: null, preKeys: [] });
    expect((await claim(ben)).body).toMatchObject({ signedPreKey, kyberPreKey: first.kyberPreKey, preKey: null });
  });

  it('takes 100 at once and keeps 200 of a device', async () => {
    const ben = await person(0);
    expect((await publish(ben, prekeys(LIMITS.prekeysPerUpload + 1))).code).toBe('bad_request');
    await publish(ben, prekeys(100, 1));
    expect((await publish(ben, prekeys(100, 101))).body).toEqual({ oneTimeLeft: LIMITS.prekeysPerDevice });
    expect((await publish(ben, prekeys(1, 201))).code).toBe('limit_reached');
    // What was refused left nothing behind, its signed prekey neither.
    expect((await claim(ben)).body.signedPreKey.id).toBe(101);
    expect((await publish(ben, prekeys(1, 201))).body).toEqual({ oneTimeLeft: 200 });
  });

  it('refuses keys of another kind and an id named twice', async () => {
    const ben = await person(0);
    const wrongKind = `AA${curveKey().slice(2)}`;
    const { signedPreKey, kyberPreKey } = prekeys(0);
    const wrong = [
      oneTime([{ id: 1, publicKey: wrongKind }]),
      oneTime([
        { id: 1, publicKey: curveKey() },
        { id: 1, publicKey: curveKey() },
      ]),
      oneTime([{ id: 0x1_00_00_00, publicKey: curveKey() }]),
      { ...oneTime([]), signedPreKey: { ...signedPreKey, publicKey: wrongKind } },
      { ...oneTime([]), kyberPreKey: { ...kyberPreKey, publicKey: 'A'.repeat(2_092) } },
    ];
    for (const body of wrong) expect((await publish(ben, body)).code).toBe('bad_request');
    expect((await server.ask('ownDevices', { token: ben.accessToken })).devices[0]?.oneTimeLeft).toBe(0);
  });

  it('says when few are left, to the device they belong to', async () => {
    using log = await LogFixture.open();
    const [ann, bob] = [log.person(), log.person()];
    log.do(({ db }) => {
      for (const { account, session } of [ann, bob]) {
        db.run(
          `INSERT INTO devices (account_id, device, label, sign_key, identity_key, registration_id, created_at, last_seen_at, state, signed_prekey, kyber_prekey)
           VALUES (?, 1, '', ?, '', 1, 0, 0, 'listed', '{}', '{}')`,
          account,
          account,
        );
        db.run('UPDATE sessions SET device_number = 1 WHERE id = ?', session);
      }
      for (let id = 1; id <= 21; id++)
        db.run("INSERT INTO prekeys (account_id, device, id, public_key) VALUES (?, 1, ?, '')", bob.account, id);
    });
    const take = () => log.do((tx) => claimPrekeys(tx, { caller: ann, account: bob.account, device: 1 }));
    const told = log.outputs.length;
    take();
    expect(log.outputs).toHaveLength(told);
    take();
    expect(log.outputs.slice(told).map(({ items }) => items)).toMatchObject([[{ left: 19 }]]);
  });

  it('remembers what was handed out for 90 days', async () => {
    using log = await LogFixture.open();
    const day = 24 * 3_600_000;
    log.do(({ db, now }) => {
      const add = 'INSERT INTO prekeys (account_id, device, id, public_key, claimed_at) VALUES (?, 1, ?, ?, ?)';
      for (const [id, claimedAt] of [
        [1, now - 91 * day],
        [2, now - 89 * day],
        [3, null],
      ] as const)
        db.run(add, 'a', id, '', claimedAt);
    });
    log.do((tx) => tidyKeys(tx, { now: tx.now }));
    expect(log.db.values('SELECT id FROM prekeys')).toEqual([2, 3]);
  });
});

describe('who may use the key directory (E-11)', () => {
  it('publishes for the device of the session alone', async () => {
    const ben = await KeyedAccount.withKey(server, `person${++made}`);
    expect((await publish(ben.who, prekeys(1))).code).toBe('no_device');
    const device = await ben.addDevice(ben.who);
    expect((await publish(device, prekeys(1))).status).toBe(200);
    const second = await ben.addDevice();
    expect((await publish(second, prekeys(2))).body).toEqual({ oneTimeLeft: 2 });
    const { devices } = await server.ask('ownDevices', { token: device.accessToken });
    expect(devices.map(({ oneTimeLeft }) => oneTimeLeft)).toEqual([1, 2]);
  });

  it('claims with a listed device alone', async () => {
    const ben = await person(1);
    const cat = await KeyedAccount.withKey(server, `person${++made}`);
    expect((await claim(ben, cat.who)).code).toBe('no_device');
    const device = await cat.addDevice(cat.who);
    expect((await claim(ben, device)).code).toBe('no_device');
    await cat.setDevices([device]);
    expect((await claim(ben, device)).body.preKey?.id).toBe(1);
    await cat.setDevices([]);
    expect((await claim(ben, device)).code).toBe('session_revoked');
  });

  it('claims of listed devices alone, which have published something', async () => {
    const ben = await KeyedAccount.withKey(server, `person${++made}`);
    expect((await claim(ben)).code).toBe('not_found');
    const device = await ben.addDevice(ben.who);
    expect((await claim(ben)).code).toBe('not_found');
    await ben.setDevices([device]);
    expect((await claim(ben)).code).toBe('peer_without_keys');
    await publish(device, prekeys(0));
    expect((await claim(ben)).body).toMatchObject({ preKey: null });
    expect((await claim(ben, ada, 2)).code).toBe('not_found');
  });

  it('claims of one device only so often, whoever else claims of it', async () => {
    await using slow = await TestServer.start({ rateScale: 1 });
    const [cat, dan, eve] = [
      await KeyedAccount.create(slow, 'cat', 50),
      await KeyedAccount.create(slow, 'dan'),
      await KeyedAccount.create(slow, 'eve'),
    ];
    const body = { account: cat.id, device: 1 };
    const take = async (by: KeyedAccount) => (await slow.call('claimPrekeys', { token: by.accessToken, body })).code;
    const codes = await Promise.all(Array.from({ length: 25 }, () => take(dan)));
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(5);
    expect(await take(eve)).toBeUndefined();
  });
});
