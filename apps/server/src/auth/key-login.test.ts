import { type KeyProof, TIMES } from '@skerry/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyedAccount, proofBy, SigningKey } from '../testing/keyed-account.ts';
import { LogFixture } from '../testing/log-fixture.ts';
import { PASSWORD, type SignedInTester, TestServer } from '../testing/test-server.ts';
import { addChallenge } from './key-login.ts';

let ahead = 0;
const clock = { now: () => Date.now() + ahead };
let server: TestServer;
let owner: SignedInTester;
let ada: KeyedAccount;

beforeAll(async () => {
  server = await TestServer.start({}, { clock });
  owner = await server.register('owner');
  ada = await KeyedAccount.withKey(server, 'ada');
});
afterAll(() => server[Symbol.asyncDispose]());

const enter = (proof: KeyProof, at = server) => at.call('keySignIn', { body: { proof, device: 'Test' } });
const join = (
  { proof, ...said }: { proof: KeyProof; username: string; code?: string | null; password?: string | null },
  at = server,
) =>
  at.call('keyRegister', {
    body: { password: null, displayName: said.username, device: 'Test', code: null, ...said, proof },
  });

describe('an account that is entered by key', () => {
  it('is made without a password, and each sign-in takes a signature (P-29)', async () => {
    const first = await enter(await proofBy(server, ada.key));
    expect(first.body.account).toMatchObject({ username: 'ada', role: 'member' });
    const { sessions } = await server.ask('sessions', { token: first.body.accessToken });
    expect(sessions.map(({ id }) => id)).toEqual(expect.arrayContaining([first.body.sessionId, ada.who.sessionId]));
    expect((await server.signIn('ada', PASSWORD)).code).toBe('credentials_wrong');
  });

  it('may have a password as well', async () => {
    const key = new SigningKey();
    expect((await join({ proof: await proofBy(server, key), username: 'both', password: PASSWORD })).status).toBe(200);
    expect((await server.signIn('both')).status).toBe(200);
    expect((await enter(await proofBy(server, key))).status).toBe(200);
  });

  it('has no password to change, so a session alone cannot set one', async () => {
    const body = { current: 'anything at all', next: 'another long password' };
    expect((await server.call('changePassword', { token: ada.who.accessToken, body })).code).toBe('credentials_wrong');
    expect((await server.signIn('ada', body.next)).code).toBe('credentials_wrong');
  });

  it('is one per key, and its name one per account', async () => {
    expect((await join({ proof: await proofBy(server, ada.key), username: 'ada2' })).code).toBe('key_taken');
    expect((await join({ proof: await proofBy(server, new SigningKey()), username: 'ada' })).code).toBe('name_taken');
    const key = new SigningKey();
    const [one, two] = [await proofBy(server, key), await proofBy(server, key)];
    const codes = await Promise.all([join({ proof: one, username: 'twin1' }), join({ proof: two, username: 'twin2' })]);
    expect(codes.map(({ code }) => code).sort()).toEqual(['key_taken', undefined]);
  });

  it('is not entered once it was switched off', async () => {
    const eve = await KeyedAccount.withKey(server, 'eve');
    expect((await server.run(owner, { kind: 'account.disable', account: eve.id, disabled: true })).status).toBe(200);
    expect((await enter(await proofBy(server, eve.key))).code).toBe('forbidden');
  });

  it('takes the set-up code of a new server, and an invite where one is needed', async () => {
    await using fresh = await TestServer.start({ registration: 'invite' });
    const { setupCode } = fresh.running;
    const proof = () => proofBy(fresh, new SigningKey());
    expect((await join({ proof: await proof(), username: 'ada' }, fresh)).code).toBe('code_invalid');
    const first = await join({ proof: await proof(), username: 'ada', code: setupCode }, fresh);
    expect(first.body.account).toMatchObject({ role: 'owner' });
    expect((await join({ proof: await proof(), username: 'ben' }, fresh)).code).toBe('invite_required');
    const { code } = await fresh.ask('createInvite', {
      token: first.body.accessToken,
      body: { expiresInMs: null, uses: 1 },
    });
    const ben = { username: 'ben', code };
    expect((await join({ proof: { ...(await proof()), expiry: 1 }, ...ben }, fresh)).code).toBe('challenge_invalid');
    expect((await join({ proof: await proof(), ...ben }, fresh)).body.account).toMatchObject({ role: 'member' });
    expect((await join({ proof: await proof(), username: 'cat', code }, fresh)).code).toBe('code_invalid');
    await fresh.stop();
    await fresh.start({ registration: 'closed' });
    expect((await join({ proof: await proof(), username: 'dan' }, fresh)).code).toBe('registration_closed');
  });
});

describe('a signed challenge (T28)', () => {
  it('counts once, also when it comes twice at the same time', async () => {
    const proof = await proofBy(server, ada.key);
    const both = await Promise.all([enter(proof), enter(proof)]);
    expect(both.map(({ code }) => code).sort()).toEqual(['challenge_invalid', undefined]);
    expect((await enter(proof)).code).toBe('challenge_invalid');
    expect((await join({ proof, username: 'late' })).code).toBe('challenge_invalid');
  });

  it('of one server is worth nothing at another', async () => {
    await using other = await TestServer.start();
    await other.register('owner');
    const joined = await join({ proof: await proofBy(other, ada.key), username: 'ada' }, other);
    expect(joined.status).toBe(200);
    // As the person signed it for this server; and for the other one's challenge, as a server in between would ask.
    expect((await enter(await proofBy(server, ada.key), other)).code).toBe('challenge_invalid');
    const { serverId } = server.running;
    expect((await enter(await proofBy(other, ada.key, { serverId }), other)).code).toBe('credentials_wrong');
  });

  it('is too late after 60 s', async () => {
    const [soon, late] = [await proofBy(server, ada.key), await proofBy(server, ada.key)];
    ahead = TIMES.challengeMs - 2_000;
    expect((await enter(soon)).status).toBe(200);
    ahead = TIMES.challengeMs;
    expect((await enter(late)).code).toBe('challenge_invalid');
    ahead = 0;
  });

  it("is the server's own: neither its number nor its end can be made up", async () => {
    const proof = await proofBy(server, ada.key);
    expect((await enter({ ...proof, expiry: proof.expiry + 1 })).code).toBe('challenge_invalid');
    expect((await enter({ ...proof, nonce: 'A'.repeat(43) })).code).toBe('challenge_invalid');
    expect((await enter({ ...proof, origin: 'https://elsewhere.example' })).code).toBe('credentials_wrong');
    expect((await enter(proof)).status).toBe(200);
  });

  it('says the same of a wrong signature and of a key nobody has (T31)', async () => {
    const stranger = await enter(await proofBy(server, new SigningKey()));
    const { publicKey } = ada.key;
    const forged = await enter({ ...(await proofBy(server, new SigningKey())), publicKey });
    expect(stranger.code).toBe('credentials_wrong');
    expect([forged.status, forged.body]).toEqual([stranger.status, stranger.body]);
  });

  it('is asked for only so often from one address', async () => {
    await using slow = await TestServer.start({ rateScale: 1 });
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 70; i++) codes.push((await slow.call('challenge')).code);
    expect(codes.slice(0, 60)).toEqual(Array(60).fill(undefined));
    expect(codes.at(-1)).toBe('rate_limited');
  });

  it('is not kept without bound: the newest are', async () => {
    using log = await LogFixture.open();
    log.do((tx) => {
      for (let i = 0; i < 10_050; i++) addChallenge(tx, { nonce: `nonce${i}`, expiresAt: i + 1, now: 0 });
    });
    expect(log.db.value('SELECT count(*) FROM challenges')).toBe(10_000);
    expect(log.db.value('SELECT min(expires_at) FROM challenges')).toBe(51);
  });
});

describe('a key for an account made with a password', () => {
  const add = async (who: SignedInTester, key: SigningKey, password = PASSWORD) =>
    server.call('addKey', { token: who.accessToken, body: { proof: await proofBy(server, key), password } });

  it('takes the password, and then enters', async () => {
    const ben = await server.register('ben', null);
    const key = new SigningKey();
    expect((await add(ben, key, 'not the password')).code).toBe('credentials_wrong');
    expect((await enter(await proofBy(server, key))).code).toBe('credentials_wrong');
    expect((await add(ben, key)).status).toBe(200);
    expect((await enter(await proofBy(server, key))).body.account.id).toBe(ben.account.id);
    expect((await add(ben, new SigningKey())).code).toBe('key_taken');
  });

  it("is not another account's, and not forged", async () => {
    const cat = await server.register('cat', null);
    expect((await add(cat, ada.key)).code).toBe('key_taken');
    const key = new SigningKey();
    const proof = { ...(await proofBy(server, new SigningKey())), publicKey: key.publicKey };
    const forged = await server.call('addKey', { token: cat.accessToken, body: { proof, password: PASSWORD } });
    expect(forged.code).toBe('credentials_wrong');
    const late = { ...(await proofBy(server, key)), expiry: 1 };
    expect(
      (await server.call('addKey', { token: cat.accessToken, body: { proof: late, password: PASSWORD } })).code,
    ).toBe('challenge_invalid');
  });

  it('stays when the password changes or is reset', async () => {
    const dan = await server.register('dan', null);
    const key = new SigningKey();
    await add(dan, key);
    await server.ask('changePassword', {
      token: dan.accessToken,
      body: { current: PASSWORD, next: 'another long password' },
    });
    expect((await enter(await proofBy(server, key))).status).toBe(200);
    const { code } = await server.ask('resetLink', {
      token: owner.accessToken,
      params: { accountId: dan.account.id },
      body: {},
    });
    await server.ask('reset', { body: { code, password: 'a third long password' } });
    expect((await enter(await proofBy(server, key))).status).toBe(200);
  });

  it('is refused to an account that has a key and no password', async () => {
    expect((await add(ada.who, new SigningKey())).code).toBe('credentials_wrong');
  });
});
