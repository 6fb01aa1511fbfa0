import type { AccountId, SessionId } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { type AccessRow, AccessTokens } from './access-tokens.ts';

const account = 'a' as AccountId;
const session = 's' as SessionId;
const row: AccessRow = { account, session, expiresAt: 100, ended: false, machine: false };

function setUp(answer: () => Promise<AccessRow | null> = () => Promise.resolve(row)) {
  const state = { now: 0, lookups: 0 };
  const tokens = new AccessTokens({ lookup: () => (state.lookups++, answer()), clock: { now: () => state.now } });
  return { state, tokens };
}

describe('the check of access tokens', () => {
  it('asks the database once', async () => {
    const { tokens, state } = setUp();
    await tokens.check('token');
    expect(await tokens.check('token')).toEqual({ account, session, machine: false });
    expect(state.lookups).toBe(1);
  });

  it('refuses unknown and expired ones', async () => {
    await expect(setUp(() => Promise.resolve(null)).tokens.check('token')).rejects.toMatchObject({
      code: 'unauthorized',
    });
    const { tokens, state } = setUp();
    await tokens.check('token');
    state.now = 100;
    await expect(tokens.check('token')).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('refuses a session that has ended, known or not', async () => {
    await expect(setUp(() => Promise.resolve({ ...row, ended: true })).tokens.check('token')).rejects.toMatchObject({
      code: 'session_revoked',
    });
    const { tokens } = setUp();
    await tokens.check('token');
    tokens.sessionEnded(session);
    await expect(tokens.check('token')).rejects.toMatchObject({ code: 'session_revoked' });
  });

  it('refuses a session that ends while the database is being asked', async () => {
    let answer: (row: AccessRow) => void = () => undefined;
    const { tokens } = setUp(() => new Promise((resolve) => (answer = resolve)));
    const check = tokens.check('token');
    tokens.sessionEnded(session);
    answer(row);
    await expect(check).rejects.toMatchObject({ code: 'session_revoked' });
  });
});
