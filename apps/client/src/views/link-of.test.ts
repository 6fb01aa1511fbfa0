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
