import { expect, it } from 'vitest';
import { linkOf } from './link-of.ts';

const of = (link: string, params: string) => linkOf({ kind: 'link', link, params }, 'https://harbour.example');

it('reads an invite that was opened as an address of this page', () => {
  expect(of('join', 'invite=abcdefgh12')).toEqual({
    kind: 'join',
    text: 'https://harbour.example/l/join#invite=abcdefgh12',
    origin: 'https://harbour.example',
    host: 'harbour.example',
    invite: 'abcdefgh12',
  });
});

it('reads a link for a new password', () => {
  expect(of('reset', 'code=abcdefgh12')).toMatchObject({ kind: 'reset', code: 'abcdefgh12' });
});

it('knows nothing of other kinds and of broken ones', () => {
  expect([of('join', ''), of('other', 'x=1'), of('join', 'invite=abcdefgh12&token=1')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it('reads a link to a message', () => {
  const ids = 'channel=01890000-0000-7000-8000-000000000001&message=01890000-0000-7000-8000-000000000002';
  expect(of('open', ids)).toMatchObject({ kind: 'open', host: 'harbour.example' });
});
