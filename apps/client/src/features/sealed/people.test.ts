import type { Account, AccountId } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { candidates } from './people.ts';

const person = (name: string, devices?: number, disabled = false): Account => ({
  id: name as AccountId,
  username: name,
  displayName: name.toUpperCase(),
  role: 'member',
  disabled,
  createdAt: 0,
  rev: 1,
  ...(devices === undefined ? {} : { devices }),
});
const all = [
  person('zoe', 3),
  person('ben'),
  person('ada', 1),
  person('cem', 0),
  person('gone', 2, true),
  person('me', 1),
];
const names = (typed: string, without: string[] = []): string[] =>
  candidates(all, { me: 'me' as AccountId, typed, without: new Set(without as AccountId[]) }).map(
    ({ account, hasKeys }) => `${account.username}${hasKeys ? '' : ' -'}`,
  );

describe('whom one may write to', () => {
  it('puts who has keys first and still shows who has none', () => {
    expect(names('')).toEqual(['ada', 'zoe', 'ben -', 'cem -']);
  });

  it('finds by either name, with or without the @, and leaves out who is in already', () => {
    expect(names('@ZO')).toEqual(['zoe']);
    expect(names('', ['ada'])).toEqual(['zoe', 'ben -', 'cem -']);
    expect(names('nobody')).toEqual([]);
  });
});
