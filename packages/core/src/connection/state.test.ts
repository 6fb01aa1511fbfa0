import { ERROR_CODES, SkerryError } from '@skerry/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdentityError, IncompatibleError, ReachError, SignedOutError } from '../errors.ts';
import type { ConnectionState } from '../views.ts';
import { type End, endOf, lost, mayTry, next, simpleState, type StateEvent } from './state.ts';

const at = fc.nat(1_000_000);
const end: fc.Arbitrary<End> = fc.oneof(
  fc.constant(lost({ kind: 'unreachable' })),
  fc.constant(lost({ kind: 'rateLimited', retryAfterMs: 1_000 })),
  fc
    .constantFrom('never', 'person', 'expired', 'revoked', 'locked')
    .map((why): End => ({ kind: 'signedOut', why: why as 'never' })),
  fc.constantFrom('client', 'server').map((older): End => ({ kind: 'incompatible', older: older as 'client' })),
  fc.constant<End>({ kind: 'identity', seenKey: 'other', seenWords: [] }),
);
const event: fc.Arbitrary<StateEvent> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('enabled', 'disabled', 'suspended', 'settled', 'welcomed', 'synced'),
    at,
  }) as fc.Arbitrary<StateEvent>,
  fc.record({ kind: fc.constantFrom('dialling', 'proved'), at, attempt: fc.nat(9) }) as fc.Arbitrary<StateEvent>,
  fc.record({ kind: fc.constant('ended' as const), at, end, attempt: fc.nat(9), nextAt: at }),
  fc.record({ kind: fc.constant('rescheduled' as const), nextAt: at }),
);
const start: ConnectionState = { kind: 'offline', since: 0 };

/** What must have come before a state can be entered, whatever the order of events. */
const FROM: Partial<Record<ConnectionState['kind'], readonly ConnectionState['kind'][]>> = {
  authenticating: ['connecting'],
  syncing: ['authenticating'],
  live: ['syncing'],
};

test('no order of events reaches live except through proof, welcome and sync', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let state: ConnectionState = start;
      for (const one of events) {
        const after = next(state, one);
        const allowed = FROM[after.kind];
        if (after.kind !== state.kind && allowed !== undefined) expect(allowed).toContain(state.kind);
        state = after;
      }
    }),
    { numRuns: 500 },
  );
});

test('a paused entry is woken by nothing but being enabled', () => {
  fc.assert(
    fc.property(fc.array(event.filter(({ kind }) => kind !== 'enabled')), (events) => {
      const state = events.reduce<ConnectionState>(next, { kind: 'disabled' });
      expect(state).toEqual({ kind: 'disabled' });
    }),
  );
  expect(next({ kind: 'disabled' }, { kind: 'enabled', at: 5 })).toEqual({ kind: 'offline', since: 5 });
});

test('T11: after another key was seen no event but the person leads to dialling again', () => {
  const changed = next(start, {
    kind: 'ended',
    at: 1,
    end: { kind: 'identity', seenKey: 'other', seenWords: ['w'] },
    attempt: 1,
    nextAt: 9,
  });
  fc.assert(
    fc.property(fc.array(event.filter(({ kind }) => kind !== 'settled' && kind !== 'disabled')), (events) => {
      expect(events.reduce<ConnectionState>(next, changed)).toEqual(changed);
      expect(mayTry(changed)).toBe(false);
    }),
  );
  expect(next(changed, { kind: 'settled', at: 7 })).toEqual({ kind: 'offline', since: 7 });
});

test('C-4: a refused sign-in is not tried again, a locked vault is', () => {
  const state = (why: 'expired' | 'locked'): ConnectionState =>
    next(start, { kind: 'ended', at: 1, end: { kind: 'signedOut', why }, attempt: 1, nextAt: 9 });
  expect(next(state('expired'), { kind: 'dialling', at: 2, attempt: 1 })).toEqual(state('expired'));
  expect(next(state('locked'), { kind: 'dialling', at: 2, attempt: 1 })).toEqual({
    kind: 'connecting',
    attempt: 1,
    since: 2,
  });
});

test('why one was signed out is not covered up by what the server says afterwards', () => {
  const person = next(start, {
    kind: 'ended',
    at: 1,
    end: { kind: 'signedOut', why: 'person' },
    attempt: 0,
    nextAt: 1,
  });
  expect(
    next(person, { kind: 'ended', at: 2, end: { kind: 'signedOut', why: 'revoked' }, attempt: 0, nextAt: 2 }),
  ).toEqual(person);
});

test('every error has an end, and none of them is a loop of sign-ins', () => {
  const identity = new IdentityError('otherKey', { serverId: 's', key: 'k', words: ['a'] });
  expect(endOf(identity)).toEqual({ kind: 'identity', seenKey: 'k', seenWords: ['a'] });
  expect(endOf(new SignedOutError('locked'))).toEqual({ kind: 'signedOut', why: 'locked' });
  expect(endOf(new IncompatibleError('server'))).toEqual({ kind: 'incompatible', older: 'server' });
  expect(endOf(new ReachError({ kind: 'timeout' }))).toEqual(lost({ kind: 'timeout' }));
  expect(endOf(new RangeError('a bug'))).toMatchObject({ kind: 'lost', cause: { kind: 'protocol' } });
  expect(endOf(new SkerryError('rate_limited', { retryAfterMs: 7 }))).toEqual({
    kind: 'lost',
    cause: { kind: 'rateLimited', retryAfterMs: 7 },
    retryAfterMs: 7,
  });
  expect(endOf(new SkerryError('unavailable', { retryAfterMs: 9 }))).toEqual({
    kind: 'lost',
    cause: { kind: 'restarting' },
    retryAfterMs: 9,
  });
  const signedOut = ERROR_CODES.filter((code) => endOf(new SkerryError(code)).kind === 'signedOut');
  expect(signedOut).toEqual(['unauthorized', 'credentials_wrong', 'session_revoked', 'forbidden']);
});

test('S1.11: every state has one of three words', () => {
  const words = new Map<string, string>();
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const state = events.reduce<ConnectionState>(next, start);
      words.set(state.kind, simpleState(state));
    }),
  );
  expect(words.get('waiting')).toBe('error');
  expect(simpleState({ kind: 'live', since: 0 })).toBe('connected');
  expect(simpleState({ kind: 'syncing', since: 0 })).toBe('connecting');
});
