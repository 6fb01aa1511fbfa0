import type { KeysState } from '@skerry/core';
import { t } from '../../i18n/t-pages.ts';

/** Why keys can't be used on a server now, in a sentence; undefined when they can. */
export function keysReason(state: KeysState, isLive: boolean): string | undefined {
  const says = t.identity.devices.state;
  switch (state.kind) {
    case 'ready':
      return isLive ? undefined : t.identity.devices.notLiveNothing;
    case 'off':
      return says.off;
    case 'locked':
      return says.locked;
    case 'unsupported':
      return says.unsupported;
    case 'starting':
      return isLive ? says.starting : t.identity.devices.notLiveNothing;
    case 'waiting':
      return says.waiting;
    case 'noKey':
      return says.noKey;
    case 'otherPerson':
      return says.otherPerson;
    case 'broken':
      return state.reason === 'storage' ? says.storage : says.broken(state.reason);
  }
}
