import type { ConnectionState, ServerView } from '@skerry/core';
import { online } from 'svelte/reactivity/window';
import { t } from '../i18n/t.ts';
import { hash32 } from '../ui/hash.ts';
import type { Status } from '../ui/status.ts';

/** Followed where it is read. A browser that does not tell counts as online. */
export const isDeviceOnline = (): boolean => online.current !== false;

/** The mark of a server on the rail and beside its name. A muted one shows the moon only while all is well. */
export function statusOf(state: ConnectionState, isMuted = false): Status {
  switch (state.kind) {
    case 'live':
      return isMuted ? 'muted' : 'live';
    case 'connecting':
    case 'authenticating':
    case 'syncing':
      return 'connecting';
    case 'waiting':
      return 'down';
    case 'offline':
      // Not dialled yet, unless there is no network to dial over.
      return isDeviceOnline() ? 'connecting' : 'down';
    case 'signedOut':
    case 'incompatible':
    case 'identityChanged':
      return 'attention';
    case 'disabled':
      return 'paused';
  }
}

/** How a connection stands, in two or three words. That the device itself is offline is said once, elsewhere. */
export function stateWords(state: ConnectionState): string {
  switch (state.kind) {
    case 'live':
      return t.connection.live;
    case 'connecting':
      return t.connection.connecting;
    case 'authenticating':
      return t.connection.authenticating;
    case 'syncing':
      return t.connection.syncing;
    case 'waiting':
      return isDeviceOnline() ? t.connection.notReachable : t.connection.notConnected;
    case 'offline':
      return isDeviceOnline() ? t.connection.connecting : t.connection.notConnected;
    case 'signedOut':
      return t.connection.signedOut;
    case 'incompatible':
      return t.connection.incompatible;
    case 'identityChanged':
      return t.connection.identityChanged;
    case 'disabled':
      return t.connection.paused;
  }
}

/** Whether a person should be told in the conversation itself. A first try is over before anybody could read that. */
export function isTroubled(state: ConnectionState): boolean {
  switch (state.kind) {
    case 'live':
    case 'syncing':
      return false;
    case 'connecting':
    case 'authenticating':
      return state.attempt > 1 || !isDeviceOnline();
    case 'offline':
      return !isDeviceOnline();
    case 'waiting':
    case 'disabled':
    case 'signedOut':
    case 'incompatible':
    case 'identityChanged':
      return true;
  }
}

/** Whether what is not there yet is on its way: worth a skeleton. */
export function isArriving(state: ConnectionState): boolean {
  return statusOf(state) === 'connecting' || state.kind === 'live';
}

/** The number that picks a server's colour: the person's choice, else one made of its key. */
export function toneOf(view: Pick<ServerView, 'entry'>): number {
  return view.entry.color ?? hash32(view.entry.key);
}

/** "@ada", or nothing before the first sign-in. */
export function accountOf(view: Pick<ServerView, 'entry'>): string | undefined {
  return view.entry.account === null ? undefined : `@${view.entry.account.username}`;
}
