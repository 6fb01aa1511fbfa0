import { describe, expect, it } from 'vitest';
import { obstacleOf, standingOf } from './sealed-standing.ts';

describe('where encrypted conversations of a server stand', () => {
  it('lets the keys say what keeps them from working, whatever is loaded already', () => {
    expect(standingOf({ kind: 'noKey', device: 1 }, 'ready')).toBe('noKey');
    expect(standingOf({ kind: 'waiting', device: 2, words: [] }, 'ready')).toBe('waiting');
    expect(standingOf({ kind: 'otherPerson', accountKey: 'k' }, 'ready')).toBe('otherPerson');
    expect(standingOf({ kind: 'broken', reason: 'storage' }, 'ready')).toBe('failed');
    expect(standingOf({ kind: 'off' }, 'off')).toBe('off');
    expect(standingOf({ kind: 'locked' }, 'locked')).toBe('locked');
  });

  it('reads what is stored before the server answered, and shows nothing on a server without encryption', () => {
    expect(standingOf({ kind: 'starting' }, 'ready')).toBe('ready');
    expect(standingOf({ kind: 'starting' }, 'loading')).toBe('loading');
    expect(standingOf({ kind: 'ready', device: 1 }, 'failed')).toBe('failed');
    expect(standingOf({ kind: 'unsupported' }, 'ready')).toBe('none');
  });

  it('has a way out for each obstacle and for nothing else', () => {
    expect(obstacleOf('noKey')).toBe('noKey');
    for (const standing of ['ready', 'loading', 'none'] as const) expect(obstacleOf(standing)).toBeUndefined();
  });
});
