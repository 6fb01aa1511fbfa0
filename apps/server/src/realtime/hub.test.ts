import type { AccountId, ChannelId, Position, SessionId } from '@skerry/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame } from '../log/frames.ts';
import type { OutputItem } from '../log/output.ts';
import { accountStream, channelStream, type StreamKey } from '../log/stream-key.ts';
import { Hub, type Subscriber } from './hub.ts';

const NOWHERE: Position = { seq: 0, tag: '' };
const A = 'channel-a' as ChannelId;
const B = 'channel-b' as ChannelId;

let turns: (() => void)[];
let flushed: number;
let hub: Hub;
beforeEach(() => {
  turns = [];
  flushed = 0;
  hub = new Hub(NOWHERE, { slowBytes: 100, later: (act) => turns.push(act), onFlushed: () => (flushed += 1) });
});
const endTurn = () => turns.splice(0).forEach((act) => act());

/** A socket that keeps what is written to it, and leaves as much unsent as a test says. */
class Reader implements Subscriber {
  readonly account: AccountId;
  readonly session: SessionId;
  readonly writes: Uint8Array[] = [];
  readonly dropped: string[] = [];
  allowance = 0;
  bundle = null;
  readonly sink = { writableLength: 0, write: (bytes: Uint8Array) => this.writes.push(bytes) };

  constructor(name: string, session = name) {
    this.account = name as AccountId;
    this.session = session as SessionId;
  }

  onDropped(why: string): void {
    this.dropped.push(why);
  }
}
const reader = (name: string) => new Reader(name);

const frame = (stream: StreamKey, text: string): OutputItem => ({
  type: 'frame',
  stream,
  bytes: encodeFrame(text),
  hidden: null,
});
let seq = 0;
beforeEach(() => (seq = 0));
const publish = (...items: OutputItem[]) =>
  hub.publish({ items, position: { seq: ++seq, tag: `t${seq}` }, mark: encodeFrame(`mark${seq}`) });
/** The texts of the frames in each write. */
const texts = ({ writes }: Reader): string[][] =>
  writes.map((bytes) => {
    const found: string[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = bytes[at + 1] ?? 0;
      found.push(Buffer.from(bytes.subarray(at + 2, at + 2 + length)).toString());
      at += 2 + length;
    }
    return found;
  });
const enter = (name: string, channels: ChannelId[], position: Position = { seq, tag: '' }): Reader => {
  const subscriber = reader(name);
  hub.enter(subscriber);
  hub.attach(subscriber, { position, channels });
  return subscriber;
};

describe('a tick', () => {
  it('is one write for each socket: its frames in order, then the last mark, and nothing for who got nothing', () => {
    const [one, both, none] = [enter('one', [A]), enter('both', [A, B]), enter('none', [])];
    publish(frame(channelStream(A), 'a1'));
    publish(frame(channelStream(B), 'b1'), frame(channelStream(A), 'a2'));
    expect(one.writes).toEqual([]);
    endTurn();
    expect(texts(one)).toEqual([['a1', 'a2', 'mark2']]);
    expect(texts(both)).toEqual([['a1', 'b1', 'a2', 'mark2']]);
    expect(none.writes).toEqual([]);
    expect(flushed).toBe(1);
  });

  it('gives sockets with the same frames the same buffer', () => {
    const readers = ['x', 'y', 'z'].map((name) => enter(name, [A, B]));
    const other = enter('other', [A]);
    publish(frame(channelStream(A), 'a'), frame(channelStream(B), 'b'));
    endTurn();
    const [x, y, z] = readers.map(({ writes }) => writes[0]);
    expect(x === y && y === z).toBe(true);
    expect(other.writes[0] === x).toBe(false);
    publish(frame(channelStream(A), 'later'));
    endTurn();
    expect(readers.map((one) => texts(one)[1])).toEqual([
      ['later', 'mark2'],
      ['later', 'mark2'],
      ['later', 'mark2'],
    ]);
  });

  it('follows changes of membership in their place', () => {
    const subscriber = enter('who', []);
    const change = (joined: boolean): OutputItem => ({
      type: 'member',
      channel: A,
      account: 'who' as AccountId,
      joined,
    });
    publish(
      frame(channelStream(A), 'before'),
      change(true),
      frame(channelStream(A), 'inside'),
      change(false),
      frame(channelStream(A), 'after'),
    );
    endTurn();
    expect(texts(subscriber)).toEqual([['inside', 'mark1']]);
    expect(hub.isFollowing(subscriber, A)).toBe(false);
  });

  it('writes what came before the end of a session, then nothing', () => {
    const subscriber = enter('who', [A]);
    publish(
      frame(channelStream(A), 'before'),
      { type: 'sessionEnded', session: 'who' as SessionId },
      frame(channelStream(A), 'after'),
    );
    endTurn();
    expect(texts(subscriber)).toEqual([['before', '{"t":"mark","seq":0,"tag":""}']]);
    expect(subscriber.dropped).toEqual(['ended']);
  });
});

describe('coming in', () => {
  it('brings what was told after the state was read, and not what was told before', () => {
    const subscriber = reader('late');
    publish(frame(channelStream(A), 'old'));
    endTurn();
    hub.enter(subscriber);
    publish(frame(channelStream(A), 'read'));
    endTurn();
    publish(frame(channelStream(A), 'missed'));
    endTurn();
    publish(frame(channelStream(A), 'waiting for the end of the turn'));
    hub.attach(subscriber, { position: { seq: 2, tag: 't2' }, channels: [A] });
    publish(frame(channelStream(A), 'live'));
    endTurn();
    expect(texts(subscriber)).toEqual([
      ['missed', 'waiting for the end of the turn', 'mark4'],
      ['live', 'mark5'],
    ]);
  });

  it('applies changes of membership that came meanwhile', () => {
    const subscriber = reader('late');
    hub.enter(subscriber);
    publish(
      { type: 'member', channel: A, account: 'late' as AccountId, joined: false },
      { type: 'member', channel: B, account: 'late' as AccountId, joined: true },
      frame(channelStream(A), 'a'),
      frame(channelStream(B), 'b'),
    );
    endTurn();
    hub.attach(subscriber, { position: NOWHERE, channels: [A] });
    publish(frame(channelStream(A), 'a2'), frame(channelStream(B), 'b2'));
    endTurn();
    expect(texts(subscriber)).toEqual([
      ['b', 'mark1'],
      ['b2', 'mark2'],
    ]);
  });

  it('a second socket of an account follows what the first one does, and each goes on without the other', () => {
    const one = new Reader('ann', 'first');
    const two = new Reader('ann', 'second');
    for (const subscriber of [one, two]) {
      hub.enter(subscriber);
      hub.attach(subscriber, { position: NOWHERE, channels: [A] });
    }
    publish({ type: 'member', channel: B, account: 'ann' as AccountId, joined: true }, frame(channelStream(B), 'b'));
    endTurn();
    hub.leave(one);
    publish(frame(accountStream('ann'), 'own'), frame(channelStream(A), 'a'));
    endTurn();
    expect(texts(one)).toEqual([['b', 'mark1']]);
    expect(texts(two)).toEqual([
      ['b', 'mark1'],
      ['own', 'a', 'mark2'],
    ]);
  });

  it('waits for the writer when the state that was read is ahead of it, and repeats nothing of before', () => {
    const subscriber = reader('ahead');
    hub.enter(subscriber);
    hub.attach(subscriber, { position: { seq: 2, tag: 't2' }, channels: [A] });
    publish(frame(channelStream(A), 'known one'));
    publish(frame(channelStream(A), 'known two'));
    publish(frame(channelStream(A), 'new'));
    endTurn();
    expect(texts(subscriber)).toEqual([['new', 'mark3']]);
  });

  it('a session that ended meanwhile is dropped, whether it was read or waits for the writer', () => {
    const end: OutputItem = { type: 'sessionEnded', session: 'gone' as SessionId };
    const reading = reader('gone');
    hub.enter(reading);
    publish(end);
    endTurn();
    hub.attach(reading, { position: { seq: 1, tag: 't1' }, channels: [A] });
    const ahead = reader('gone');
    hub.enter(ahead);
    hub.attach(ahead, { position: { seq: 9, tag: 't9' }, channels: [A] });
    publish(end, frame(channelStream(A), 'after'));
    endTurn();
    expect([reading.dropped, ahead.dropped]).toEqual([['ended'], ['ended']]);
    expect([reading.writes, ahead.writes]).toEqual([[], []]);
  });

  it('one that left while it was let in is told nothing', () => {
    const subscriber = reader('left');
    hub.enter(subscriber);
    hub.leave(subscriber);
    hub.attach(subscriber, { position: NOWHERE, channels: [A] });
    publish(frame(channelStream(A), 'x'));
    endTurn();
    expect(subscriber.writes).toEqual([]);
  });

  it('a newer socket of a session takes the place of the older one', () => {
    const older = enter('same', [A]);
    const newer = enter('same', [A]);
    publish(frame(channelStream(A), 'x'));
    endTurn();
    expect([older.dropped, older.writes]).toEqual([['replaced'], []]);
    expect(texts(newer)).toEqual([['x', 'mark1']]);
  });
});

describe('a reader that does not read', () => {
  it('is dropped once more than the limit waits, and gets nothing on top', () => {
    const [slow, quick] = [enter('slow', [A]), enter('quick', [A])];
    slow.sink.writableLength = 100;
    publish(frame(channelStream(A), 'still'));
    endTurn();
    slow.sink.writableLength = 101;
    publish(frame(channelStream(A), 'too much'));
    endTurn();
    expect(texts(slow)).toEqual([['still', 'mark1']]);
    expect(slow.dropped).toEqual(['slow']);
    expect(texts(quick)).toHaveLength(2);
  });

  it('may take its time for what it was sent at the start, once', () => {
    const subscriber = enter('fresh', [A]);
    subscriber.allowance = 1_000;
    subscriber.sink.writableLength = 1_050;
    hub.send(subscriber, encodeFrame('x'));
    expect(subscriber.dropped).toEqual([]);
    subscriber.sink.writableLength = 0;
    hub.send(subscriber, encodeFrame('y'));
    subscriber.sink.writableLength = 150;
    hub.send(subscriber, encodeFrame('z'));
    expect(subscriber.dropped).toEqual(['slow']);
  });
});

describe('notices for a device', () => {
  const queue = (session: string, head: number): OutputItem => ({
    type: 'toDevice',
    session: session as SessionId,
    head,
  });
  const prekeys = (session: string, left: number): OutputItem => ({
    type: 'prekeys',
    session: session as SessionId,
    left,
  });
  const toDevice = (head: number) => JSON.stringify({ t: 'to_device', head });
  const low = (left: number) => JSON.stringify({ t: 'prekeys', left });

  it('reach its session alone, once per tick with the last of each kind, after the events and in the same write', () => {
    const [one, other] = [enter('one', [A]), enter('other', [A])];
    publish(queue('one', 1), frame(channelStream(A), 'a1'));
    publish(prekeys('one', 19), queue('one', 2), queue('nobody', 9));
    publish(prekeys('one', 18), queue('one', 3), frame(channelStream(A), 'a2'));
    endTurn();
    expect(texts(one)).toEqual([['a1', 'a2', toDevice(3), low(18), 'mark3']]);
    expect(texts(other)).toEqual([['a1', 'a2', 'mark3']]);
    endTurn();
    expect(one.writes).toHaveLength(1);
  });

  it('reach nobody whose session ended in the same tick', () => {
    const one = enter('one', []);
    publish(queue('one', 1), { type: 'sessionEnded', session: 'one' as SessionId });
    endTurn();
    expect(one.writes).toEqual([]);
    expect(one.dropped).toEqual(['ended']);
  });

  it('are not lost on one that is entering, though they have no place in the log', () => {
    const watcher = enter('watcher', []);
    const late = new Reader('late');
    hub.enter(late);
    // As a batch without events: the log has not moved.
    hub.publish({ items: [queue('late', 5)], position: { seq, tag: '' }, mark: encodeFrame('mark') });
    endTurn();
    expect(late.writes).toEqual([]);
    hub.publish({ items: [queue('late', 6)], position: { seq, tag: '' }, mark: encodeFrame('mark') });
    hub.attach(late, { position: { seq, tag: '' }, channels: [] });
    expect(texts(late).flat()).toEqual([toDevice(5), toDevice(6)]);
    expect(watcher.writes).toEqual([]);
  });

  it('reach one whose state is ahead of what was told, without a mark that would take it back', () => {
    const one = enter('one', [A], { seq: 5, tag: '' });
    publish(queue('one', 1));
    endTurn();
    expect(texts(one)).toEqual([[toDevice(1)]]);
  });

  it('leave the others with one buffer for all', () => {
    const readers = ['x', 'y', 'z'].map((name) => enter(name, [A]));
    const noticed = enter('noticed', [A]);
    publish(frame(channelStream(A), 'a'), queue('noticed', 1));
    endTurn();
    const [x, y, z] = readers.map(({ writes }) => writes[0]);
    expect(x === y && y === z).toBe(true);
    expect(texts(noticed)).toEqual([['a', toDevice(1), 'mark1']]);
  });
});
