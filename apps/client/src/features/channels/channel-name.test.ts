import { describe, expect, it } from 'vitest';
import { asChannelName, isChannelName } from './channel-name.ts';

describe('channel names', () => {
  it('are made small and free of spaces while one types', () => {
    expect(asChannelName('#Release  Notes')).toBe('release-notes');
    // As it is typed: what stands there already has its dash.
    expect(asChannelName('tools- ')).toBe('tools-');
    expect([...asChannelName('😀'.repeat(60))]).toHaveLength(48);
  });

  it('begin and end with a letter or digit of any alphabet', () => {
    expect(['a', 'größe-2', 'проект', 'v1.2'].map(isChannelName)).toEqual([true, true, true, true]);
    expect(['', '-a', 'a-', 'a b', 'a/b'].map(isChannelName)).toEqual([false, false, false, false, false]);
  });
});
