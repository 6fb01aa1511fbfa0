import { SkerryError, type AccountId } from '@skerry/protocol';
import { expect, it } from 'vitest';
import { mentionedIn } from './mentions.ts';
import { withReaction, type Reactions } from './reactions.ts';

const codeOf = (act: () => unknown) => {
  try {
    act();
    return 'ok';
  } catch (error) {
    return error instanceof SkerryError ? error.code : String(error);
  }
};
const ann = 'ann' as AccountId;

it('a message takes 24 emoji, and an emoji 1,000 accounts', () => {
  const emoji: Reactions = Array.from({ length: 24 }, (_, i) => ({ emoji: `e${i}`, accounts: ['bob' as AccountId] }));
  expect(codeOf(() => withReaction(emoji, { emoji: 'one more', account: ann, on: true }))).toBe('limit_reached');
  expect(withReaction(emoji, { emoji: 'e3', account: ann, on: true })[3]?.accounts).toEqual(['bob', 'ann']);
  const crowd: Reactions = [{ emoji: 'e', accounts: Array.from({ length: 1_000 }, (_, i) => `a${i}` as AccountId) }];
  expect(codeOf(() => withReaction(crowd, { emoji: 'e', account: ann, on: true }))).toBe('limit_reached');
  expect(withReaction(crowd, { emoji: 'e', account: 'a7' as AccountId, on: false })[0]?.accounts).toHaveLength(999);
});

it('setting what is already so gives back the very same set', () => {
  const set: Reactions = [{ emoji: 'e', accounts: [ann] }];
  expect(withReaction(set, { emoji: 'e', account: ann, on: true })).toBe(set);
  expect(withReaction(set, { emoji: 'x', account: ann, on: false })).toBe(set);
  expect(withReaction(set, { emoji: 'e', account: ann, on: false })).toEqual([]);
});

it('mentions are the ids a text names: each once, 50 at most, not the author', () => {
  const id = (i: number) => `01890a5d-ac96-774b-bcce-${String(i).padStart(12, '0')}`;
  const all = Array.from({ length: 60 }, (_, i) => `<@${id(i)}>`).join('');
  expect(mentionedIn(`${all} ${all}`, id(0))).toEqual(Array.from({ length: 50 }, (_, i) => id(i + 1)));
  expect(mentionedIn('<@not-an-id> <@> @ann', id(0))).toEqual([]);
});
