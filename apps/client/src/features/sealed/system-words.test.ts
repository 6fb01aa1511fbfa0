import type { AccountId } from '@skerry/protocol';
import type { SystemLine } from '@skerry/core';
import { describe, expect, it } from 'vitest';
import { systemWords } from './system-words.ts';

const me = 'me' as AccountId;
const ben = 'ben' as AccountId;
const words = (line: SystemLine): string => systemWords(line, { me, nameOf: (account) => account.toUpperCase() });

describe('a line of the conversation itself', () => {
  it('says who did what to whom, with oneself as "you"', () => {
    expect(words({ kind: 'joined', account: me, by: ben })).toBe('BEN added you');
    expect(words({ kind: 'removed', account: ben, by: me })).toBe('You removed BEN');
    expect(words({ kind: 'left', account: me })).toBe('You left');
    expect(words({ kind: 'founded', by: me })).toBe('You made this group');
    expect(words({ kind: 'founded', by: ben })).toBe('BEN made this group');
    expect(words({ kind: 'named', by: ben, name: 'Crew' })).toBe('BEN named the group “Crew”');
  });

  it('warns of changed keys and says since when one reads along', () => {
    expect(words({ kind: 'keysChanged', account: ben })).toBe('BEN’s keys have changed');
    expect(words({ kind: 'readsSince' })).toMatch(/from here/);
  });
});
