import { type Account, type SignedIn, SkerryError } from '@skerry/protocol';
import { expect, test } from 'vitest';
import { deferred } from '../deferred.ts';
import { memoryVault, MemoryDisk } from '../stores/memory-storage.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { EntryId, StorageProblem } from '../views.ts';
import { REFRESH, Session } from './session.ts';

const ENTRY = '0197f3f4-0000-7000-8000-00000000000e' as EntryId;
const ANNA = { id: '0197f3f4-0000-7000-8000-000000000001', username: 'anna' } as unknown as Account;

const signedIn = (n: number, account = ANNA): SignedIn => ({
  account,
  sessionId: 's' as never,
  accessToken: `access-${n}`,
  accessExpiresIn: 900_000,
  refreshToken: `refresh-${n}`,
});

function rig(refresh: (token: string) => Promise<SignedIn>) {
  const disk = new MemoryDisk();
  const vault = memoryVault(disk);
  const clock = new ManualClock();
  const ended: string[] = [];
  const problems: StorageProblem[] = [];
  const asked: string[] = [];
  const session = new Session({
    entryId: ENTRY,
    vault,
    clock,
    refresh: (token) => (asked.push(token), refresh(token)),
    account: () => ANNA.id,
    onEnded: ({ why }) => ended.push(why),
    onProblem: (problem) => problems.push(problem),
  });
  const stored = async (): Promise<unknown> => vault.get(ENTRY, REFRESH);
  return { disk, vault, clock, ended, problems, asked, session, stored };
}

test('however many ask, the refresh token is traded once, and its successor lies in the vault before the access token is used', async () => {
  const gate = deferred<SignedIn>();
  const { session, asked, vault, stored } = rig(() => gate.promise);
  await vault.set(ENTRY, REFRESH, 'refresh-0');
  const tokens = Promise.all([session.token(), session.token(), session.renewed('old')]);
  gate.resolve(signedIn(1));
  expect(await tokens).toEqual(['access-1', 'access-1', 'access-1']);
  expect(asked).toEqual(['refresh-0']);
  expect(await stored()).toEqual({ kind: 'secret', value: 'refresh-1' });
});

test("T26: an access token counts as run out a minute early, by this device's own clock", async () => {
  let n = 0;
  const { session, clock, asked } = rig(async () => signedIn(++n));
  await session.adopt(signedIn(0));
  await clock.advance(839_999);
  expect(await session.token()).toBe('access-0');
  await clock.advance(2);
  expect(await session.token()).toBe('access-1');
  expect(asked).toEqual(['refresh-0']);
});

test('a refusal of an older token does not throw away a newer one', async () => {
  const { session, asked } = rig(async () => signedIn(9));
  await session.adopt(signedIn(1));
  expect(await session.renewed('access-0')).toBe('access-1');
  expect(asked).toEqual([]);
});

test('expired and revoked are told apart, and the dead token stays so that a restart can tell as well', async () => {
  for (const [code, why] of [
    ['unauthorized', 'expired'],
    ['session_revoked', 'revoked'],
  ] as const) {
    const { session, vault, ended, stored } = rig(() => Promise.reject(new SkerryError(code)));
    await vault.set(ENTRY, REFRESH, 'refresh-0');
    await expect(session.token()).rejects.toMatchObject({ why });
    expect(ended).toEqual([why]);
    expect(await stored()).toEqual({ kind: 'secret', value: 'refresh-0' });
  }
});

test('a server that cannot be reached ends no sign-in', async () => {
  const { session, vault, ended } = rig(() => Promise.reject(new SkerryError('unavailable')));
  await vault.set(ENTRY, REFRESH, 'refresh-0');
  await expect(session.token()).rejects.toMatchObject({ code: 'unavailable' });
  expect(ended).toEqual([]);
});

test('T44: a locked vault is not an absent one: nothing is signed out, nothing written over, and unlocking is enough', async () => {
  const { session, vault, disk, ended } = rig(async () => signedIn(1));
  await vault.set(ENTRY, REFRESH, 'refresh-0');
  disk.locked = true;
  await expect(session.check()).rejects.toMatchObject({ why: 'locked' });
  await expect(session.token()).rejects.toMatchObject({ why: 'locked' });
  expect(ended).toEqual([]);
  expect([...disk.secrets.values()]).toEqual(['refresh-0']);
  disk.locked = false;
  expect(await session.token()).toBe('access-1');
});

test('T44: a vault that locks while a successor is stored costs nothing: the sign-in goes on and the older token still works', async () => {
  const { session, vault, disk, problems, stored } = rig(async () => {
    disk.locked = true;
    return signedIn(1);
  });
  await vault.set(ENTRY, REFRESH, 'refresh-0');
  expect(await session.token()).toBe('access-1');
  expect(problems).toMatchObject([{ where: 'vault', entryId: ENTRY }]);
  disk.locked = false;
  expect(await stored()).toEqual({ kind: 'secret', value: 'refresh-0' });
});

test('a refresh that is answered after signing out brings nothing back', async () => {
  const gate = deferred<SignedIn>();
  const { session, vault, stored } = rig(() => gate.promise);
  await vault.set(ENTRY, REFRESH, 'refresh-0');
  const late = expect(session.token()).rejects.toMatchObject({ why: 'person' });
  await Promise.resolve();
  await session.drop();
  gate.resolve(signedIn(1));
  await late;
  expect(await stored()).toEqual({ kind: 'absent' });
  await expect(session.check()).rejects.toMatchObject({ why: 'person' });
});

test('a refresh that is answered after signing in again does not lie over the new sign-in', async () => {
  const gate = deferred<SignedIn>();
  const { session, vault, stored } = rig(() => gate.promise);
  await vault.set(ENTRY, REFRESH, 'refresh-0');
  const late = expect(session.token()).rejects.toMatchObject({ why: 'person' });
  await Promise.resolve();
  await session.drop();
  await session.adopt(signedIn(5));
  gate.resolve(signedIn(1));
  await late;
  expect(await stored()).toEqual({ kind: 'secret', value: 'refresh-5' });
  expect(await session.token()).toBe('access-5');
});

test('a refresh that names another account is never used on what is stored for this one', async () => {
  const { session, vault, ended } = rig(async () =>
    signedIn(1, { ...ANNA, id: '0197f3f4-0000-7000-8000-000000000002' as Account['id'] }),
  );
  await vault.set(ENTRY, REFRESH, 'refresh-0');
  await expect(session.token()).rejects.toMatchObject({ why: 'expired' });
  expect(ended).toEqual(['expired']);
});
