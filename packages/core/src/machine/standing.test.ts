import { describe, expect, it } from 'vitest';
import type { ConnectionState } from '../views.ts';
import type { LinkState } from './face.ts';
import type { Standing } from './person-list.ts';
import { linkState } from './standing.ts';

const live: ConnectionState = { kind: 'live', since: 0 };
const offline: ConnectionState = { kind: 'offline', since: 0 };
const waiting: ConnectionState = {
  kind: 'waiting',
  attempt: 1,
  nextAt: 5,
  cause: { kind: 'unreachable' },
  since: 0,
};
const signedOut: ConnectionState = { kind: 'signedOut', why: 'revoked', since: 0 };
const another: ConnectionState = { kind: 'identityChanged', seenKey: '', seenWords: [], since: 0 };
const refused: Standing = { kind: 'refused', list: 'forked' };

describe("the state of a machine's link", () => {
  it.each<[string, ConnectionState, Standing, LinkState]>([
    ['nothing was asked', offline, { kind: 'unknown' }, { kind: 'connecting' }],
    ['all is well', live, { kind: 'listed' }, { kind: 'live' }],
    ['no list names it', live, { kind: 'unlisted' }, { kind: 'unlisted' }],
    ['the server is gone', waiting, { kind: 'listed' }, { kind: 'waiting', nextAt: 5, cause: { kind: 'unreachable' } }],
    ['the list does not follow', live, refused, { kind: 'refused', why: 'list', list: 'forked' }],
    ['nor did it before the server went', waiting, refused, { kind: 'refused', why: 'list', list: 'forked' }],
    ['it was taken off', live, { kind: 'removed' }, { kind: 'revoked' }],
    ['its session was ended', signedOut, { kind: 'listed' }, { kind: 'revoked' }],
    ['another server answers', another, { kind: 'listed' }, { kind: 'refused', why: 'identity', list: null }],
    ['another server answers, whatever its lists', another, refused, { kind: 'refused', why: 'identity', list: null }],
  ])('is told where %s', (_, connection, standing, expected) => {
    expect(linkState(connection, standing, true)).toEqual(expected);
  });

  it('says that a server has no machines, and nothing of the sort while it is asked', () => {
    expect(linkState(live, { kind: 'listed' }, false)).toEqual({ kind: 'refused', why: 'unsupported', list: null });
  });
});
