import { expect, test } from 'vitest';
import { plainName, username } from './accounts.ts';
import { command } from './commands.ts';
import { emoji } from './messages.ts';

const ID = '0190a0b0-0000-7000-8000-000000000000';

test.each(['👍', '❤️', '👨‍👩‍👧‍👦', '🇸🇪', '1️⃣', '👍🏽'])('%s is an emoji', (text) =>
  expect(emoji.safeParse(text).success).toBe(true),
);
test.each(['', 'a', '👍a', '<b>', '👍👍', '1', '#', '\u200d', '👍\u200d', ' '])('%j is none', (text) =>
  expect(emoji.safeParse(text).success).toBe(false),
);

test.each(['Ada', 'Ada Brandt', 'Å', '李'])('%j is a name', (text) =>
  expect(plainName(48).safeParse(text).success).toBe(true),
);
test.each(['', ' Ada', 'A\nb', 'A\u202eb', 'A\u200bb', 'x'.repeat(49)])('%j is no name (T8, T38)', (text) =>
  expect(plainName(48).safeParse(text).success).toBe(false),
);

test.each(['\u061c', '\u115f', '\u1160', '\u2800', '\u3164', '\uffa0', '\u{e0041}', '\u{e007f}'])(
  'a name with %j in it, which shows as nothing or turns the line around, is none (T7)',
  (letter) => {
    for (const name of [letter, `A${letter}b`]) expect(plainName(48).safeParse(name).success).toBe(false);
  },
);

test('T7: a description may have lines, and no letter that turns one around', () => {
  const update = { kind: 'server.update', name: 'Harbour', description: 'One.\nTwo, 李 👍🏽.', registration: 'open' };
  expect(command.safeParse(update).success).toBe(true);
  for (const letter of ['\u061c', '\u200f', '\u202e', '\u2066', '\u0000', '\u001b'])
    expect(command.safeParse({ ...update, description: `a${letter}b` }).success).toBe(false);
});

test.each(['ada', 'a.brandt', 'a_b-c', '7'])('%j is a user name', (text) =>
  expect(username.safeParse(text).success).toBe(true),
);
test.each(['Ada', '.ada', 'ada.', 'a b', 'аda', 'x'.repeat(33)])('%j is no user name', (text) =>
  expect(username.safeParse(text).success).toBe(false),
);

test('P-20: a command with a field too many, or too long a text, is refused', () => {
  const send = { kind: 'message.send', channel: ID, text: 'hi', replyTo: null };
  expect(command.safeParse(send).success).toBe(true);
  expect(command.safeParse({ ...send, as: 'root' }).success).toBe(false);
  expect(command.safeParse({ ...send, text: 'x'.repeat(8_001) }).success).toBe(false);
  expect(command.safeParse({ ...send, text: '' }).success).toBe(false);
});
