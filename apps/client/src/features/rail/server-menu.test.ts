import type { ServerView } from '@skerry/core';
import { describe, expect, it, vi } from 'vitest';
import { serverMenu, type ServerVerbs } from './server-menu.ts';

const VERBS = [
  'open',
  'markAllRead',
  'mute',
  'unmute',
  'move',
  'rename',
  'details',
  'devices',
  'copyAddress',
  'tryNow',
  'pause',
  'resume',
  'signIn',
  'signOut',
  'remove',
] as const;
const verbs = (): ServerVerbs => Object.fromEntries(VERBS.map((name) => [name, vi.fn()])) as unknown as ServerVerbs;

function view(changes: Partial<ServerView> = {}): ServerView {
  return {
    entry: {
      id: 'e1',
      account: { id: 'a', username: 'ada', displayName: 'Ada' },
      muted: false,
      enabled: true,
      label: null,
    },
    label: 'Harbour',
    host: 'h.example',
    state: { kind: 'live', since: 0 },
    latencyMs: 3,
    attempts: 0,
    known: true,
    unread: false,
    mentions: 0,
    waiting: 0,
    parked: 0,
    ambiguousName: false,
    ...changes,
  } as unknown as ServerView;
}
const words = (given: ServerView, place = { index: 0 as number | undefined, count: 1, isOpen: false }): string[] =>
  serverMenu(given, verbs(), place).entries.flatMap((entry) => (entry.kind === 'separator' ? [] : [entry.label]));

describe('serverMenu', () => {
  it('S0.34: offers what fits the state, and only removal is dangerous', () => {
    expect(words(view())).toEqual([
      'Open',
      'Mute for an hour',
      'Mute until tomorrow',
      'Mute',
      'Rename and colour…',
      'Connection details…',
      'Your devices…',
      'Copy address',
      'Pause',
      'Sign out…',
      'Remove…',
    ]);
    const dangerous = serverMenu(view(), verbs(), { index: 0, count: 1, isOpen: false }).entries.filter(
      (entry) => entry.kind === 'action' && entry.danger === true,
    );
    expect(dangerous).toHaveLength(1);
  });

  it('offers Resume to a paused server, Sign in to a signed-out one, Try now to one that waits', () => {
    expect(words(view({ state: { kind: 'disabled' } }))).toContain('Resume');
    expect(words(view({ state: { kind: 'disabled' } }))).not.toContain('Pause');
    const out = words(view({ state: { kind: 'signedOut', why: 'expired', since: 0 } }));
    expect(out).toContain('Sign in…');
    expect(out).not.toContain('Sign out…');
    expect(
      words(view({ state: { kind: 'waiting', attempt: 1, nextAt: 0, cause: { kind: 'timeout' }, since: 0 } })),
    ).toContain('Try to connect now');
  });

  it('moves within the list and no further', () => {
    expect(words(view(), { index: 0, count: 3, isOpen: true }).filter((word) => word.startsWith('Move'))).toEqual([
      'Move down',
    ]);
    expect(words(view(), { index: 2, count: 3, isOpen: true }).filter((word) => word.startsWith('Move'))).toEqual([
      'Move up',
    ]);
    const acts = verbs();
    const up = serverMenu(view(), acts, { index: 2, count: 3, isOpen: true }).entries.find(
      (entry) => entry.kind === 'action' && entry.label === 'Move up',
    );
    if (up?.kind === 'action') up.onselect();
    expect(acts.move).toHaveBeenCalledWith('e1', 1);
  });

  it('has no list to move in, pause or remove from where the client is pinned to one server', () => {
    expect(words(view(), { index: undefined, count: 1, isOpen: true })).toEqual([
      'Mute for an hour',
      'Mute until tomorrow',
      'Mute',
      'Connection details…',
      'Your devices…',
      'Copy address',
      'Sign out…',
    ]);
  });

  it('says whom it is about by name, host and account', () => {
    expect(serverMenu(view(), verbs(), { index: 0, count: 1, isOpen: true }).header).toEqual({
      title: 'Harbour',
      detail: 'h.example · @ada',
    });
  });
});
