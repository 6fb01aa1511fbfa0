import { SkerryError, page as pageSchema, type ChannelId, type MessageId, type Page } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFixture, readJson, type Person } from '../testing/log-fixture.ts';
import { readMessage, readPage, type PagePlace } from './reads.ts';

let log: LogFixture;
let ann: Person;
/** Numbers of the messages in `general`, oldest first: other events lie between them. */
let numbers: number[];
beforeEach(async () => {
  log = await LogFixture.open();
  ann = log.person();
  numbers = [];
  for (let i = 0; i < 10; i++) {
    const id = log.newId();
    numbers.push(log.run(ann, { kind: 'message.send', channel: log.general, text: `m${i}`, replyTo: null }, id).n);
    if (i % 3 === 0) log.run(ann, { kind: 'reaction.set', message: id as string as MessageId, emoji: '👍', on: true });
  }
});
afterEach(() => log[Symbol.dispose]());

const page = (place: PagePlace, limit = 3, person = ann, channel = log.general): Page => {
  const read = readJson(readPage(log.db, { account: person.account, channel, place, limit }));
  expect(pageSchema.parse(read)).toEqual(read);
  return read as Page;
};
const shape = ({ messages, older, newer }: Page) => ({
  texts: messages.map(({ text }) => text).join(' '),
  older,
  newer,
});
const at = (i: number): number => numbers[i] ?? 0;
const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'ok';
  } catch (error) {
    return error instanceof SkerryError ? error.code : String(error);
  }
};

describe('a page', () => {
  it('without a place is the newest, oldest first, with the head of its channel', () => {
    expect(shape(page({ at: 'end' }))).toEqual({ texts: 'm7 m8 m9', older: true, newer: false });
    expect(page({ at: 'end' }).head).toBe(
      log.db.value("SELECT head FROM streams WHERE stream = 'channel:' || ?", log.general),
    );
    expect(shape(page({ at: 'end' }, 10))).toEqual({
      texts: 'm0 m1 m2 m3 m4 m5 m6 m7 m8 m9',
      older: false,
      newer: false,
    });
  });

  it.each<[string, () => PagePlace, ReturnType<typeof shape>]>([
    ['before one', () => ({ at: 'before', n: at(7) }), { texts: 'm4 m5 m6', older: true, newer: true }],
    ['before the third', () => ({ at: 'before', n: at(3) }), { texts: 'm0 m1 m2', older: false, newer: true }],
    ['before the first', () => ({ at: 'before', n: at(0) }), { texts: '', older: false, newer: true }],
    ['before nothing', () => ({ at: 'before', n: 0 }), { texts: '', older: false, newer: true }],
    [
      'before far beyond the end',
      () => ({ at: 'before', n: 999_999 }),
      { texts: 'm7 m8 m9', older: true, newer: false },
    ],
    ['after one', () => ({ at: 'after', n: at(2) }), { texts: 'm3 m4 m5', older: true, newer: true }],
    ['after the beginning', () => ({ at: 'after', n: 0 }), { texts: 'm0 m1 m2', older: false, newer: true }],
    ['after the last but two', () => ({ at: 'after', n: at(7) }), { texts: 'm8 m9', older: true, newer: false }],
    ['after the last', () => ({ at: 'after', n: at(9) }), { texts: '', older: true, newer: false }],
    ['after far beyond the end', () => ({ at: 'after', n: 999_999 }), { texts: '', older: true, newer: false }],
    ['around one', () => ({ at: 'around', n: at(5) }), { texts: 'm4 m5 m6', older: true, newer: true }],
    ['around the first', () => ({ at: 'around', n: at(0) }), { texts: 'm0 m1', older: false, newer: true }],
    ['around the last', () => ({ at: 'around', n: at(9) }), { texts: 'm8 m9', older: true, newer: false }],
    ['around far beyond the end', () => ({ at: 'around', n: 999_999 }), { texts: 'm9', older: true, newer: false }],
    [
      'around an event that is no message',
      () => ({ at: 'around', n: at(3) + 1 }),
      { texts: 'm3 m4 m5', older: true, newer: true },
    ],
  ])('%s', (_name, place, expected) => {
    expect(shape(page(place()))).toEqual(expected);
  });

  it('of an empty channel is empty', () => {
    const id = log.newId();
    log.run(ann, { kind: 'channel.create', name: 'new', topic: '', visibility: 'public', history: 'all' }, id);
    for (const place of ['before', 'after', 'around'] as const)
      expect(shape(page({ at: place, n: 1 }, 3, ann, id as string as ChannelId))).toEqual({
        texts: '',
        older: false,
        newer: false,
      });
    expect(shape(page({ at: 'end' }, 3, ann, id as string as ChannelId))).toEqual({
      texts: '',
      older: false,
      newer: false,
    });
  });

  it('walks through everything once, backwards and forwards', () => {
    const back: string[] = [];
    for (let before: number | undefined; ;) {
      const part = page(before === undefined ? { at: 'end' } : { at: 'before', n: before }, 4);
      back.unshift(...part.messages.map(({ text }) => text));
      before = part.messages[0]?.n;
      if (!part.older) break;
    }
    const forth: string[] = [];
    for (let after = 0; ;) {
      const part = page({ at: 'after', n: after }, 4);
      forth.push(...part.messages.map(({ text }) => text));
      after = part.messages.at(-1)?.n ?? 0;
      if (!part.newer) break;
    }
    const all = numbers.map((_, i) => `m${i}`);
    expect(back).toEqual(all);
    expect(forth).toEqual(all);
  });
});

describe('who may read', () => {
  it('members only; a private channel does not exist for others', () => {
    const bob = log.person();
    log.run(bob, { kind: 'channel.leave', channel: log.general });
    expect(codeOf(() => page({ at: 'end' }, 3, bob))).toBe('forbidden');
    const id = log.newId();
    log.run(ann, { kind: 'channel.create', name: 'p', topic: '', visibility: 'private', history: 'all' }, id);
    const channel = id as string as ChannelId;
    const message = log.newId();
    log.run(ann, { kind: 'message.send', channel, text: 'hidden', replyTo: null }, message);
    const owner = log.person('owner');
    expect(codeOf(() => page({ at: 'end' }, 3, owner, channel))).toBe('not_found');
    expect(codeOf(() => readMessage(log.db, { account: owner.account, message: message as string as MessageId }))).toBe(
      'not_found',
    );
    expect(codeOf(() => readMessage(log.db, { account: owner.account, message: log.newId<MessageId>() }))).toBe(
      'not_found',
    );
    expect(shape(page({ at: 'end' }, 3, ann, channel)).texts).toBe('hidden');
  });

  it('where history begins with joining, not what came before, in pages, singly or by answering it', () => {
    const id = log.newId();
    log.run(ann, { kind: 'channel.create', name: 'p', topic: '', visibility: 'private', history: 'joined' }, id);
    const channel = id as string as ChannelId;
    const send = (text: string) => {
      const message = log.newId();
      log.run(ann, { kind: 'message.send', channel, text, replyTo: null }, message);
      return message as string as MessageId;
    };
    const old = send('old');
    const bob = log.person();
    log.run(ann, { kind: 'channel.add', channel, account: bob.account });
    const young = send('young');
    expect(shape(page({ at: 'end' }, 3, bob, channel))).toEqual({ texts: 'young', older: false, newer: false });
    for (const place of ['before', 'after', 'around'] as const) {
      for (const n of [0, 1, 2, 3, 4, 99])
        expect(page({ at: place, n }, 3, bob, channel).messages.map(({ text }) => text)).not.toContain('old');
    }
    const read = (message: MessageId) => codeOf(() => readMessage(log.db, { account: bob.account, message }));
    expect([read(old), read(young)]).toEqual(['not_found', 'ok']);
    expect(log.codeOf(bob, { kind: 'message.send', channel, text: 'x', replyTo: old })).toBe('not_found');
    expect(log.codeOf(bob, { kind: 'reaction.set', message: old, emoji: '👍', on: true })).toBe('not_found');
    expect(shape(page({ at: 'end' }, 3, ann, channel)).texts).toBe('old young');
  });
});
