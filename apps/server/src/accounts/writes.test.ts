import type { Role } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFixture, type Person } from '../testing/log-fixture.ts';
import { canAccount } from './permissions.ts';

const ROLES: Role[] = ['member', 'moderator', 'admin', 'owner'];
let log: LogFixture;
beforeEach(async () => {
  log = await LogFixture.open();
});
afterEach(() => {
  expect(log.bugs).toEqual([]);
  log[Symbol.dispose]();
});
const roleOf = (person: Person, id: string) => log.snapshot(person).accounts.find((account) => account.id === id)?.role;

describe('roles', () => {
  it('an admin moves those below among roles below; the owner everyone', () => {
    const moves = (actor: Role) =>
      ROLES.map((from) =>
        ROLES.map((to) => (canAccount({ role: actor }, { kind: 'role', from, to }) ? 'x' : '-')).join(''),
      );
    expect(moves('member')).toEqual(['----', '----', '----', '----']);
    expect(moves('moderator')).toEqual(['----', '----', '----', '----']);
    expect(moves('admin')).toEqual(['xx--', 'xx--', '----', '----']);
    expect(moves('owner')).toEqual(['xxxx', 'xxxx', 'xxxx', 'xxxx']);
  });

  it('a change is told with its rev', () => {
    const owner = log.person('owner');
    const ann = log.person();
    const { n } = log.run(owner, { kind: 'account.role', account: ann.account, role: 'moderator' });
    expect(log.snapshot(ann).me).toMatchObject({ role: 'moderator', rev: n });
    expect(log.run(owner, { kind: 'account.role', account: ann.account, role: 'moderator' })).toEqual({ seq: 0, n: 0 });
    expect(log.codeOf(ann, { kind: 'account.role', account: ann.account, role: 'owner' })).toBe('forbidden');
    expect(log.codeOf(owner, { kind: 'account.role', account: log.newId(), role: 'owner' })).toBe('not_found');
  });

  it('a server keeps an owner who can sign in', () => {
    const owner = log.person('owner');
    const second = log.person('owner');
    log.run(owner, { kind: 'account.disable', account: second.account, disabled: true });
    expect(log.codeOf(owner, { kind: 'account.role', account: owner.account, role: 'member' })).toBe('last_owner');
    expect(log.codeOf(owner, { kind: 'account.disable', account: owner.account, disabled: true })).toBe('last_owner');
    log.run(owner, { kind: 'account.disable', account: second.account, disabled: false });
    expect(log.codeOf(owner, { kind: 'account.role', account: owner.account, role: 'member' })).toBe('ok');
    expect(roleOf(second, owner.account)).toBe('member');
  });
});

describe('switching off', () => {
  it('ends every session, keeps the account in the list, and can be taken back', () => {
    const admin = log.person('admin');
    const ann = log.person();
    log.outputs.length = 0;
    log.run(admin, { kind: 'account.disable', account: ann.account, disabled: true });
    expect(log.outputs.flatMap(({ items }) => items.filter((item) => item.type === 'sessionEnded'))).toEqual([
      { type: 'sessionEnded', session: ann.session },
    ]);
    expect(log.codeOf(ann, { kind: 'profile.update', displayName: 'x' })).toBe('session_revoked');
    expect(log.snapshot(admin).accounts.find(({ id }) => id === ann.account)).toMatchObject({ disabled: true });
    log.run(admin, { kind: 'account.disable', account: ann.account, disabled: false });
    expect(log.codeOf(ann, { kind: 'profile.update', displayName: 'x' })).toBe('session_revoked');
  });

  it('is not for moderators, nor against equals', () => {
    const [moderator, admin, other] = [log.person('moderator'), log.person('admin'), log.person('admin')];
    const ann = log.person();
    expect(log.codeOf(moderator, { kind: 'account.disable', account: ann.account, disabled: true })).toBe('forbidden');
    expect(log.codeOf(admin, { kind: 'account.disable', account: other.account, disabled: true })).toBe('forbidden');
  });
});

describe('the server and one’s profile', () => {
  it('settings are for admins, and told', () => {
    const admin = log.person('admin');
    const update = { kind: 'server.update', name: 'Lighthouse', description: 'd', registration: 'closed' } as const;
    expect(log.codeOf(log.person('moderator'), update)).toBe('forbidden');
    const { n } = log.run(admin, update);
    expect(log.snapshot(admin).server).toEqual({
      name: 'Lighthouse',
      description: 'd',
      iconUrl: null,
      registration: 'closed',
      rev: n,
    });
    expect(log.run(admin, update)).toEqual({ seq: 0, n: 0 });
  });

  it('one changes one’s own display name', () => {
    const ann = log.person();
    const { n } = log.run(ann, { kind: 'profile.update', displayName: 'Ann' });
    expect(log.snapshot(ann).me).toMatchObject({ displayName: 'Ann', rev: n });
    expect(log.run(ann, { kind: 'profile.update', displayName: 'Ann' })).toEqual({ seq: 0, n: 0 });
  });
});
