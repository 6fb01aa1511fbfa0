import type { Role } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { canChannel } from './permissions.ts';

const ROLES: Role[] = ['member', 'moderator', 'admin', 'owner'];
/** Which of the four roles may, in this order. */
const who = (may: (role: Role) => boolean): string => ROLES.map((role) => (may(role) ? 'x' : '-')).join('');

describe('what may be done to a channel, by member, moderator, admin, owner', () => {
  it.each<[string, { isPublic: boolean; isMember: boolean; isCreator: boolean }, string]>([
    ['public, inside', { isPublic: true, isMember: true, isCreator: false }, '-xxx'],
    ['public, outside', { isPublic: true, isMember: false, isCreator: false }, '-xxx'],
    ['public, made by the actor', { isPublic: true, isMember: true, isCreator: true }, 'xxxx'],
    ['public, made and left by the actor', { isPublic: true, isMember: false, isCreator: true }, 'xxxx'],
    ['private, inside', { isPublic: false, isMember: true, isCreator: false }, '-xxx'],
    ['private, made by the actor', { isPublic: false, isMember: true, isCreator: true }, 'xxxx'],
    ['private, made and left by the actor', { isPublic: false, isMember: false, isCreator: true }, '----'],
    ['private, outside', { isPublic: false, isMember: false, isCreator: false }, '----'],
  ])('%s: changing, archiving and adding', (_name, channel, expected) => {
    for (const kind of ['update', 'archive', 'add'] as const)
      expect(who((role) => canChannel({ role }, { kind }, channel))).toBe(expected);
  });

  it('anyone joins a public one, nobody a private one', () => {
    expect(
      who((role) => canChannel({ role }, { kind: 'join' }, { isPublic: true, isMember: false, isCreator: false })),
    ).toBe('xxxx');
    expect(
      who((role) => canChannel({ role }, { kind: 'join' }, { isPublic: false, isMember: false, isCreator: false })),
    ).toBe('----');
  });

  it('one removes those below, the owner everyone, and who made it everyone', () => {
    const inside = { isPublic: true, isMember: true, isCreator: false };
    const matrix = ROLES.map((target) => who((role) => canChannel({ role }, { kind: 'remove', target }, inside)));
    expect(matrix).toEqual(['-xxx', '--xx', '---x', '---x']);
    expect(
      who((role) => canChannel({ role }, { kind: 'remove', target: 'owner' }, { ...inside, isCreator: true })),
    ).toBe('xxxx');
  });
});
