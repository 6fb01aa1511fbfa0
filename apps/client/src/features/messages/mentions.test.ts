import type { Account, AccountId } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { decodeMentions } from './decode-mentions.ts';
import { encodeMentions, emojiQuery, mentionQuery, suggest } from './mentions.ts';

const id = (digit: number): AccountId => `00000000-0000-7000-8000-00000000000${digit}` as AccountId;
const person = (digit: number, username: string, displayName: string, disabled = false): Account => ({
  id: id(digit),
  username,
  displayName,
  role: 'member',
  disabled,
  createdAt: 0,
  rev: 1,
});
const people = new Map(
  [
    person(1, 'ada', 'Ada Brandt'),
    person(2, 'ada.brandt', 'Ada B.'),
    person(3, 'noor', 'Noor Haddad'),
    person(4, 'gone', 'Gone', true),
  ].map((account) => [account.id, account]),
);

describe('mentionQuery', () => {
  it('sees a name that is being typed at the caret', () => {
    expect(mentionQuery('hello @no', 9)).toEqual({ from: 6, to: 9, text: 'no' });
    expect(mentionQuery('@', 1)).toEqual({ from: 0, to: 1, text: '' });
    expect(mentionQuery('(@ada) and more', 5)).toEqual({ from: 1, to: 5, text: 'ada' });
  });

  it('leaves addresses, finished names and other words alone', () => {
    expect(mentionQuery('mail ada@noor', 13)).toBeUndefined();
    expect(mentionQuery('@noor said', 10)).toBeUndefined();
    expect(mentionQuery('nothing', 7)).toBeUndefined();
  });
});

describe('emojiQuery', () => {
  it('sees a short code of at least two letters, and no time of day or address', () => {
    expect(emojiQuery('well :th', 8)).toEqual({ from: 5, to: 8, text: 'th' });
    expect(emojiQuery(':t', 2)).toBeUndefined();
    expect(emojiQuery('at 10:30', 8)).toBeUndefined();
    expect(emojiQuery('https://x', 9)).toBeUndefined();
  });
});

describe('suggest', () => {
  it('puts the exact name first, then starts of names, then starts of words, and never disabled accounts', () => {
    expect(suggest(people.values(), 'ada').map((account) => account.username)).toEqual(['ada', 'ada.brandt']);
    expect(suggest(people.values(), 'had').map((account) => account.username)).toEqual(['noor']);
    expect(suggest(people.values(), 'gone')).toEqual([]);
    expect(suggest(people.values(), '', 2)).toHaveLength(2);
  });
});

describe('encodeMentions', () => {
  it('replaces known names, longest first, whatever stands behind them', () => {
    expect(encodeMentions('@ada, ask @ada.brandt. And @Noor!', people)).toBe(
      `<@${id(1)}>, ask <@${id(2)}>. And <@${id(3)}>!`,
    );
    expect(encodeMentions('thanks @noor.bye', people)).toBe(`thanks <@${id(3)}>.bye`);
  });

  it('leaves code, unknown names, disabled accounts and mail addresses as they are', () => {
    const text = '`@ada` and ```\n@noor\n``` and @nobody, @gone, mail@ada';
    expect(encodeMentions(text, people)).toBe(text);
  });

  it('comes back by decodeMentions', () => {
    const text = 'Hello @ada and @noor';
    expect(decodeMentions(encodeMentions(text, people), people)).toBe(text);
    expect(decodeMentions(`<@${id(9)}>`, people)).toBe(`<@${id(9)}>`);
  });
});
