import type { AccountId, BlobId, ChannelId, MessageId } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import {
  type Content,
  decodePlain,
  encodeContent,
  encodeNote,
  fileName,
  mediaType,
  type Note,
  type Said,
} from './content.ts';

const id = (n: number): string => `0197f3f4-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
const key = 'A'.repeat(43);

const content = (said: Said, changes: Partial<Content> = {}): Content => ({
  server: id(1),
  channel: id(2) as ChannelId,
  id: id(3) as MessageId,
  op: said.what === 'post' ? 'post' : said.what === 'erase' ? 'delete' : 'change',
  target: said.what === 'post' || said.what === 'name' ? null : (id(4) as MessageId),
  chain: 0,
  said,
  ...changes,
});
const post: Extract<Said, { what: 'post' }> = {
  what: 'post',
  text: 'héllo 👋',
  replyTo: id(5) as MessageId,
  mentions: [id(6) as AccountId],
  attachments: [{ blob: id(7) as BlobId, key, digest: key, size: 12, name: 'a.png', type: 'image/png' }],
};
const edit: Said = { what: 'edit', text: 'other' };
const contents: readonly Content[] = [
  content(post),
  content(edit),
  content({ what: 'react', emoji: '👍', on: false }),
  content({ what: 'erase' }),
  content({ what: 'name', name: 'Crew' }, { chain: 3 }),
];
const notes: readonly Note[] = [
  { server: id(1), what: 'senderKey', channel: id(2) as ChannelId, distribution: 'AAAA' },
  { server: id(1), what: 'heal', channel: id(2) as ChannelId, ids: [id(3) as MessageId] },
  { server: id(1), what: 'gone', channel: id(2) as ChannelId, ids: [] },
  { server: id(1), what: 'again', content: content(post) },
  { server: id(1), what: 'receipt', channel: id(2) as ChannelId, n: 7 },
  { server: id(1), what: 'welcome', channel: id(2) as ChannelId, name: 'Crew' },
  { server: id(1), what: 'person', rest: { anything: ['else'] } },
];
const json = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(bytes)) as never;
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('what is encrypted', () => {
  it('comes back as it went in', () => {
    for (const one of contents) expect(decodePlain(encodeContent(one))).toEqual({ kind: 'content', content: one });
    for (const one of notes) expect(decodePlain(encodeNote(one))).toEqual({ kind: 'note', note: one });
  });

  it('is refused with a field too many, too few, or of another kind', () => {
    for (const whole of [...contents.map(encodeContent), ...notes.slice(0, -1).map(encodeNote)].map(json)) {
      for (const name of Object.keys(whole)) {
        const { [name]: _gone, ...less } = whole;
        expect(decodePlain(bytes(less)), `without ${name}`).toBeUndefined();
        expect(decodePlain(bytes({ ...whole, [name]: { odd: true } })), name).toBeUndefined();
      }
      expect(decodePlain(bytes({ ...whole, more: 1 }))).toBeUndefined();
    }
  });

  it('is refused when it calls itself another op than it is, or has a target it may not have', () => {
    expect(decodePlain(encodeContent(content(edit, { op: 'post' })))).toBeUndefined();
    expect(decodePlain(encodeContent(content(edit, { target: null })))).toBeUndefined();
    expect(decodePlain(encodeContent(content(post, { target: id(9) as MessageId })))).toBeUndefined();
    expect(decodePlain(encodeContent(content({ what: 'erase' }, { op: 'change' })))).toBeUndefined();
  });

  it('has limits: text, names of files, numbers, lists', () => {
    const with_ = (changes: object): Uint8Array => encodeContent(content({ ...post, ...changes }));
    expect(decodePlain(with_({ text: 'x'.repeat(8_000) }))).toBeDefined();
    expect(decodePlain(with_({ text: 'x'.repeat(8_001) }))).toBeUndefined();
    expect(decodePlain(with_({ text: '' }))).toBeDefined();
    expect(decodePlain(with_({ text: '', attachments: [] }))).toBeUndefined();
    expect(decodePlain(with_({ mentions: Array.from({ length: 51 }, () => id(6)) }))).toBeUndefined();
    expect(decodePlain(with_({ attachments: Array.from({ length: 11 }, () => post.attachments[0]) }))).toBeUndefined();
    expect(decodePlain(encodeContent(content(edit, { chain: -1 })))).toBeUndefined();
    expect(decodePlain(new Uint8Array([0xff, 0xfe]))).toBeUndefined();
    expect(decodePlain(bytes(null))).toBeUndefined();
  });

  it('names files by what cannot turn a line around or leave its folder', () => {
    expect(fileName('..\\..//x\u202egnp.exe\n')).toBe('.._..__x_gnp.exe_');
    expect(fileName('   ')).toBe('file');
    expect(mediaType('text/html; charset=x')).toBe('application/octet-stream');
    expect(mediaType('image/png')).toBe('image/png');
  });
});
