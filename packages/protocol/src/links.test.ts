import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatLink, parseLink } from './links.ts';

const FP = 'A'.repeat(43);

test.each([
  ['https://chat.example/l/connect', { kind: 'connect', origin: 'https://chat.example' }],
  [
    `https://chat.example:8443/l/join#invite=abcdefgh12&fp=${FP}`,
    { kind: 'join', origin: 'https://chat.example:8443', invite: 'abcdefgh12', fp: FP },
  ],
  ['skerry://connect/chat.example', { kind: 'connect', origin: 'https://chat.example' }],
  [
    'skerry://join/chat.example?invite=abcdefgh12',
    { kind: 'join', origin: 'https://chat.example', invite: 'abcdefgh12' },
  ],
  [
    'https://chat.example/l/reset#code=abcdefgh12',
    { kind: 'reset', origin: 'https://chat.example', code: 'abcdefgh12' },
  ],
  ['echora://connect/chat.example', { kind: 'connect', origin: 'https://chat.example' }],
  ['http://localhost:4401/l/connect', { kind: 'connect', origin: 'http://localhost:4401' }],
  [`skerry://terminal/localhost:1?key=${FP}&commit=${FP}`, { kind: 'terminal', key: FP, commit: FP }],
])('P-17: %s is read', (text, expected) => {
  const parsed = parseLink(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  const { address, ...rest } = parsed.link;
  expect({ ...rest, origin: address.origin }).toMatchObject(expected);
});

test.each([
  ['http://chat.example/l/connect', 'bad_host'],
  ['https://u@chat.example/l/connect', 'bad_host'],
  ['https://chat.example/l/toString', 'unknown_kind'],
  ['https://chat.example/l/other', 'unknown_kind'],
  ['https://chat.example/l/o_ther', 'not_a_link'],
  ['https://chat.example/l/constructor', 'unknown_kind'],
  ['https://chat.example/l/join', 'bad_params'],
  ['https://chat.example/l/join#invite=abcdefgh12&invite=abcdefgh13', 'bad_params'],
  ['https://chat.example/l/join#invite=abcdefgh12&token=x', 'bad_params'],
  ['https://chat.example/l/join?invite=abcdefgh12', 'not_a_link'],
  ['happy://terminal?key', 'foreign_pairing'],
  ['echora://terminal?key=1', 'foreign_pairing'],
  [`https://chat.example/l/join#invite=${'a'.repeat(3_000)}`, 'too_long'],
  ['javascript:alert(1)', 'not_a_link'],
])('P-17: %s is refused as %s', (text, problem) => {
  expect(parseLink(text)).toEqual({ ok: false, problem });
});

test('T7: the parser is total, and what it reads it writes back to the same link', () => {
  const piece = fc.constantFrom(
    'https://',
    'skerry://',
    'h.example',
    '/l/',
    'connect',
    'join',
    '/',
    '#',
    '?',
    'invite=abcdefgh',
    '&',
    'fp=',
    FP,
    '%',
    '@',
    ':',
    '\0',
    'é',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 9 }).map((parts) => parts.join('')),
      ),
      (text) => {
        const parsed = parseLink(text);
        if (parsed.ok)
          expect(parseLink(formatLink(parsed.link))).toEqual({
            ok: true,
            link: { ...parsed.link, address: expect.anything() },
          });
      },
    ),
    { numRuns: 3_000 },
  );
});
