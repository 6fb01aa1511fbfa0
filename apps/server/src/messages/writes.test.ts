import { mentionOf, type ChannelId, type Message, type MessageId } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsOf, LogFixture, readJson, type Person } from '../testing/log-fixture.ts';
import { readFrames } from '../testing/read-frames.ts';
import { readMessage } from './reads.ts';

let log: LogFixture;
let ann: Person;
let bob: Person;
beforeEach(async () => {
  log = await LogFixture.open();
  ann = log.person();
  bob = log.person();
});
afterEach(() => {
  expect(log.bugs).toEqual([]);
  log[Symbol.dispose]();
});

const send = (
  person: Person,
  text: string,
  replyTo: MessageId | null = null,
  channel: ChannelId = log.general,
): MessageId => {
  const id = log.newId();
  log.run(person, { kind: 'message.send', channel, text, replyTo }, id);
  return id as string as MessageId;
};
const read = (id: MessageId, person = ann): Message =>
  readJson(readMessage(log.db, { account: person.account, message: id })) as Message;
const inboxOf = (person: Person) =>
  log.snapshot(person).inbox.map(({ message, reason, state }) => ({ id: message.id, reason, state }));

describe('messages', () => {
  it('a sent message is as it was written, under the id of its command', () => {
    const text = 'Hello "world" \\ \u0000 \u2028 😀';
    const id = log.newId();
    const { seq, n } = log.run(ann, { kind: 'message.send', channel: log.general, text, replyTo: null }, id);
    expect(seq).toBe(log.position.seq);
    expect(read(id as string as MessageId)).toEqual({
      id,
      channel: log.general,
      n,
      rev: n,
      author: ann.account,
      at: log.now,
      text,
      replyTo: null,
      editedAt: null,
      deleted: false,
      mentions: [],
      reactions: [],
    });
  });

  it('an edit changes text, mentions and rev, and keeps place and time', () => {
    const id = send(ann, 'one');
    const before = read(id);
    log.now += 5_000;
    const { n } = log.run(ann, { kind: 'message.edit', message: id, text: `two ${mentionOf(bob.account)}` });
    expect(read(id)).toEqual({
      ...before,
      text: `two ${mentionOf(bob.account)}`,
      rev: n,
      editedAt: log.now,
      mentions: [bob.account],
    });
    expect(log.run(ann, { kind: 'message.edit', message: id, text: `two ${mentionOf(bob.account)}` })).toEqual({
      seq: 0,
      n: 0,
    });
  });

  it('deleting leaves the shell', () => {
    const secret = 'a-sentence-that-must-be-gone';
    const id = send(ann, `${secret} ${mentionOf(bob.account)}`);
    log.run(bob, { kind: 'reaction.set', message: id, emoji: '👍', on: true });
    const { n } = log.run(ann, { kind: 'message.delete', message: id });
    expect(read(id)).toMatchObject({
      text: '',
      deleted: true,
      mentions: [],
      reactions: [],
      rev: n,
      author: ann.account,
    });
    expect(log.db.values<string>('SELECT text FROM messages').join()).not.toContain(secret);
    expect(log.run(ann, { kind: 'message.delete', message: id })).toEqual({ seq: 0, n: 0 });
    expect(log.codeOf(ann, { kind: 'message.edit', message: id, text: 'back' })).toBe('not_found');
    expect(log.codeOf(bob, { kind: 'reaction.set', message: id, emoji: '👍', on: true })).toBe('not_found');
  });

  it('a reaction is told as the whole set, and taking the last one off removes the emoji', () => {
    const id = send(ann, 'hi');
    log.run(bob, { kind: 'reaction.set', message: id, emoji: '👍', on: true });
    log.run(ann, { kind: 'reaction.set', message: id, emoji: '👍', on: true });
    log.run(ann, { kind: 'reaction.set', message: id, emoji: '🎉', on: true });
    expect(read(id).reactions).toEqual([
      { emoji: '👍', accounts: [bob.account, ann.account] },
      { emoji: '🎉', accounts: [ann.account] },
    ]);
    expect(log.run(ann, { kind: 'reaction.set', message: id, emoji: '🎉', on: true })).toEqual({ seq: 0, n: 0 });
    log.run(ann, { kind: 'reaction.set', message: id, emoji: '🎉', on: false });
    expect(read(id).reactions).toEqual([{ emoji: '👍', accounts: [bob.account, ann.account] }]);
  });

  it('a mention reaches the inbox of members only, once, never of its author, and goes before a reply', () => {
    const outsider = log.person();
    log.run(outsider, { kind: 'channel.leave', channel: log.general });
    const first = send(bob, 'question');
    const text = [ann, bob, bob, outsider].map(({ account }) => mentionOf(account)).join(' ');
    const answer = send(ann, text, first);
    expect(read(answer).mentions).toEqual([bob.account]);
    expect(inboxOf(bob)).toEqual([{ id: answer, reason: 'mention', state: 'open' }]);
    expect(inboxOf(ann)).toEqual([]);
    expect(inboxOf(outsider)).toEqual([]);
  });

  it('a reply reaches the inbox of the answered author, but not of oneself', () => {
    const first = send(bob, 'question');
    const answer = send(ann, 'answer', first);
    send(bob, 'more', first);
    expect(inboxOf(bob)).toEqual([{ id: answer, reason: 'reply', state: 'open' }]);
  });

  it('an edit that adds a mention adds an inbox item, and removing it again keeps the item', () => {
    const id = send(ann, 'plain');
    log.run(ann, { kind: 'message.edit', message: id, text: mentionOf(bob.account) });
    log.run(ann, { kind: 'message.edit', message: id, text: 'plain again' });
    expect(inboxOf(bob)).toEqual([{ id, reason: 'mention', state: 'open' }]);
  });

  it('an inbox item changes state, and only for its owner', () => {
    const id = send(ann, mentionOf(bob.account));
    log.run(bob, { kind: 'inbox.set', message: id, state: 'done' });
    expect(inboxOf(bob)).toEqual([{ id, reason: 'mention', state: 'done' }]);
    expect(log.run(bob, { kind: 'inbox.set', message: id, state: 'done' })).toEqual({ seq: 0, n: 0 });
    expect(log.codeOf(ann, { kind: 'inbox.set', message: id, state: 'done' })).toBe('not_found');
  });

  it('others may not edit, moderators may delete', () => {
    const id = send(ann, 'mine');
    const moderator = log.person('moderator');
    expect(log.codeOf(bob, { kind: 'message.edit', message: id, text: 'x' })).toBe('forbidden');
    expect(log.codeOf(moderator, { kind: 'message.edit', message: id, text: 'x' })).toBe('forbidden');
    expect(log.codeOf(bob, { kind: 'message.delete', message: id })).toBe('forbidden');
    expect(log.codeOf(moderator, { kind: 'message.delete', message: id })).toBe('ok');
  });

  it('an answer must answer a message of the same channel', () => {
    const other = log.newId();
    log.run(ann, { kind: 'channel.create', name: 'other', topic: '', visibility: 'public', history: 'all' }, other);
    const elsewhere = send(ann, 'there', null, other as string as ChannelId);
    expect(log.codeOf(ann, { kind: 'message.send', channel: log.general, text: 'x', replyTo: elsewhere })).toBe(
      'not_found',
    );
    expect(
      log.codeOf(ann, { kind: 'message.send', channel: log.general, text: 'x', replyTo: log.newId<MessageId>() }),
    ).toBe('not_found');
  });

  it('in an archived channel nothing is sent, edited or reacted to, but may be deleted', () => {
    const id = send(ann, 'kept');
    const owner = log.person('owner');
    log.run(owner, { kind: 'channel.archive', channel: log.general, archived: true });
    expect(log.codeOf(ann, { kind: 'message.send', channel: log.general, text: 'x', replyTo: null })).toBe('archived');
    expect(log.codeOf(ann, { kind: 'message.edit', message: id, text: 'x' })).toBe('archived');
    expect(log.codeOf(bob, { kind: 'reaction.set', message: id, emoji: '👍', on: true })).toBe('archived');
    expect(log.codeOf(ann, { kind: 'message.delete', message: id })).toBe('ok');
  });
});

describe('what is told of a new message', () => {
  it.each([
    ['plain', 'Hello'],
    ['quotes and slashes', '"\\\\ / \\u0000 \\n'],
    ['control characters', '\u0000\u0001\u001f\u007f\t\r\n'],
    ['line separators', '\u2028\u2029'],
    ['letters beyond the first plane', '😀 𝒳 \u{10ffff}'],
    ['half of a surrogate pair', 'a\ud800b'],
  ])('is the same live, replayed and in a page: %s', (_name, text) => {
    const start = log.position;
    const answered = send(bob, 'first');
    log.outputs.length = 0;
    const id = send(ann, `${text} ${mentionOf(bob.account)}`, answered);
    const live = log.outputs.flatMap(({ items }) =>
      items.flatMap((item) => (item.type === 'frame' ? eventsOf(readFrames(item.bytes)) : [])),
    );
    const told = live.flatMap((event) => (event.kind === 'message' ? [event.message] : []));
    const replayed = log
      .replayed(ann, start)
      .flatMap((event) => (event.kind === 'message' && event.message.id === id ? [event.message] : []));
    expect(told).toEqual([read(id)]);
    expect(replayed).toEqual([read(id)]);
    expect(read(id).text).toBe(`${text.replace('\ud800', '\ufffd')} ${mentionOf(bob.account)}`);
  });

  it('is what it has become when it is changed in the same batch', () => {
    const id = log.newId();
    const message = id as string as MessageId;
    log.outputs.length = 0;
    log.batch([
      [ann, { kind: 'message.send', channel: log.general, text: 'secret', replyTo: null }, id],
      [ann, { kind: 'message.delete', message }],
    ]);
    const [output] = log.outputs;
    const bytes = (output?.items ?? []).flatMap((item) => (item.type === 'frame' ? [item.bytes] : []));
    expect(
      eventsOf(bytes.flatMap((frame) => readFrames(frame))).map((event) => event.kind === 'message' && event.message),
    ).toEqual([read(message), read(message)]);
    expect(Buffer.concat(bytes).toString()).not.toContain('secret');
  });
});

describe('markers', () => {
  const unread = (person: Person) => log.snapshot(person).channels.find(({ channel }) => channel.id === log.general);

  it('unread counts messages of others after the marker, deleted ones too', () => {
    send(ann, 'one');
    const two = send(ann, 'two');
    send(bob, 'own');
    log.run(ann, { kind: 'message.delete', message: two });
    expect(unread(bob)).toMatchObject({ unread: 2 });
    expect(unread(ann)).toMatchObject({ unread: 1 });
  });

  it('the marker moves forward only, and never past the head', () => {
    const head = () => unread(bob)?.head ?? 0;
    send(ann, 'one');
    const middle = head();
    send(bob, 'mine');
    send(ann, 'two');
    send(bob, 'mine again');
    log.run(bob, { kind: 'marker.set', channel: log.general, n: middle });
    expect(unread(bob)).toMatchObject({ readN: middle, unread: 1 });
    expect(log.run(bob, { kind: 'marker.set', channel: log.general, n: middle - 1 })).toEqual({ seq: 0, n: 0 });
    log.run(bob, { kind: 'marker.set', channel: log.general, n: 1_000_000 });
    expect(unread(bob)).toMatchObject({ readN: head(), unread: 0 });
    send(ann, 'three');
    expect(unread(bob)).toMatchObject({ unread: 1 });
  });

  it('agrees with counting, wherever it is put', () => {
    const numbers: number[] = [];
    for (let i = 0; i < 40; i++) {
      const id = log.newId();
      numbers.push(
        log.run(
          i % 3 === 0 ? bob : ann,
          { kind: 'message.send', channel: log.general, text: `${i}`, replyTo: null },
          id,
        ).n,
      );
      if (i % 4 === 0)
        log.run(ann, { kind: 'reaction.set', message: id as string as MessageId, emoji: '👍', on: true });
    }
    for (const n of [numbers[1], numbers[2], numbers[9], numbers[30], numbers[38]]) {
      log.run(bob, { kind: 'marker.set', channel: log.general, n: n ?? 0 });
      const counted = log.db.value<number>(
        'SELECT count(*) FROM messages WHERE n > ? AND author <> ?',
        n ?? 0,
        bob.account,
      );
      expect(unread(bob)).toMatchObject({ readN: n, unread: counted });
    }
  });

  it('is right within one batch, whatever was sent in it before', () => {
    const message = (text: string) => ({ kind: 'message.send', channel: log.general, text, replyTo: null }) as const;
    const mark = (n: number) => ({ kind: 'marker.set', channel: log.general, n }) as const;
    log.batch([
      [bob, message('own')],
      [ann, message('hers')],
      [bob, message('own')],
      [bob, mark(1_000)],
      [ann, message('after')],
      [bob, message('own')],
    ]);
    expect(unread(bob)).toMatchObject({ unread: 1 });
    log.batch([
      [bob, message('own')],
      [bob, { kind: 'channel.leave', channel: log.general }],
      [bob, { kind: 'channel.join', channel: log.general }],
      [ann, message('new')],
    ]);
    expect(unread(bob)).toMatchObject({ unread: 1 });
  });

  it('who joins has nothing unread, and who comes back neither', () => {
    send(ann, 'before');
    const late = log.person();
    expect(unread(late)).toMatchObject({ unread: 0 });
    log.run(late, { kind: 'channel.leave', channel: log.general });
    send(ann, 'while away');
    log.run(late, { kind: 'channel.join', channel: log.general });
    expect(unread(late)).toMatchObject({ unread: 0 });
    send(ann, 'after');
    expect(unread(late)).toMatchObject({ unread: 1 });
  });
});
