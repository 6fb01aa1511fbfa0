import type { KeysState, SealedState } from '@skerry/core';

/** What keeps encrypted conversations of a server from working on this device, each with a way out. */
export type Obstacle = 'off' | 'locked' | 'waiting' | 'noKey' | 'otherPerson' | 'failed';
/** `none`: the server offers no encryption. */
export type Standing = 'ready' | 'loading' | 'none' | Obstacle;

/** How far encrypted conversations are there for the person, from where the keys of the server stand. */
export function standingOf(keys: KeysState, sealed: SealedState): Standing {
  switch (keys.kind) {
    case 'unsupported':
      return 'none';
    case 'starting':
    case 'ready':
      // What is stored can be read while the server has not answered yet.
      return sealed === 'ready' || sealed === 'failed' ? sealed : 'loading';
    case 'broken':
      return 'failed';
    default:
      return keys.kind;
  }
}

export function obstacleOf(standing: Standing): Obstacle | undefined {
  return standing === 'ready' || standing === 'loading' || standing === 'none' ? undefined : standing;
}
