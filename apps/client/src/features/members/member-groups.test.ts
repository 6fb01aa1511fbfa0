import type { Account, AccountId, PresenceState, Role } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { groupMembers } from './member-groups.ts';

const person = (id: string, role: Role, disabled = false): Account =>
  ({ id, username: id, displayName: id, role, disabled, createdAt: 0, rev: 1 }) as Account;
const accounts = new Map(
  [person('zoe', 'owner'), person('ben', 'member'), person('ada', 'member'), person('gone', 'member', true)].map(
    (account) => [account.id, account],
  ),
);
const ids = ['ben', 'ada', 'gone', 'zoe', 'unknown'] as AccountId[];
const shape = (presence: Map<string, PresenceState> | undefined): unknown =>
  groupMembers(ids, accounts, presence as Map<AccountId, PresenceState> | undefined).map(({ kind, people }) => [
    kind,
    people.map((account) => account.username),
  ]);

describe('groupMembers', () => {
  it('puts who is here first, each part by role and name, and leaves out disabled and unknown accounts', () => {
    expect(
      shape(
        new Map([
          ['ben', 'online'],
          ['ada', 'away'],
        ]),
      ),
    ).toEqual([
      ['online', ['ada', 'ben']],
      ['offline', ['zoe']],
    ]);
  });

  it('does not claim to know who is here while the server is not live', () => {
    expect(shape(undefined)).toEqual([['all', ['zoe', 'ada', 'ben']]]);
  });

  it('shows no empty part', () => {
    expect(shape(new Map())).toEqual([['offline', ['zoe', 'ada', 'ben']]]);
  });
});
