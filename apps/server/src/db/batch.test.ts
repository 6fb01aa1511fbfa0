import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { MessageId } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpoint } from './checkpoint.ts';
import { openDriver } from './driver.ts';
import { readFrames } from '../testing/read-frames.ts';
import { eventsOf, LogFixture, type Person } from '../testing/log-fixture.ts';

let log: LogFixture;
let ann: Person;
beforeEach(async () => {
  log = await LogFixture.open();
  ann = log.person();
});
afterEach(() => log[Symbol.dispose]());

const message = (text: string) => ({ kind: 'message.send', channel: log.general, text, replyTo: null }) as const;
const count = () => log.db.value<number>('SELECT count(*) FROM messages');

describe('the numbers of the log', () => {
  it('leave no gap, over the server and in each stream, whatever is refused in between', () => {
    const bob = log.person();
    for (let round = 0; round < 20; round++) {
      log.batch([
        [ann, message(`${round}`)],
        [bob, { kind: 'message.send', channel: log.newId(), text: 'nowhere', replyTo: null }],
        [bob, message('x')],
        [ann, { kind: 'channel.create', name: 'c', topic: '', visibility: 'private', history: 'all' }],
        [bob, { kind: 'account.disable', account: ann.account, disabled: true }],
      ]);
    }
    expect(log.db.all('SELECT count(*) AS events, max(seq) AS last FROM events')).toEqual([
      { events: log.position.seq, last: log.position.seq },
    ]);
    const streams = log.db.all<{ stream: string; head: number; events: number; last: number }>(
      'SELECT s.stream, s.head, count(*) AS events, max(e.n) AS last FROM streams s JOIN events e ON e.stream = s.id GROUP BY s.id',
    );
    expect(streams.length).toBeGreaterThan(20);
    for (const { head, events, last } of streams) expect([events, last]).toEqual([head, head]);
    expect(log.db.value('SELECT tag FROM events ORDER BY seq DESC LIMIT 1')).toBe(log.position.tag);
  });

  it('a write that fails after it wrote is undone alone, with its numbers', () => {
    const before = log.position.seq;
    const fresh = log.newId();
    const results = log.batches.run([
      log.op(ann, message('first'), log.newId()),
      {
        name: 'fixture.do',
        args: (tx: Parameters<Parameters<LogFixture['do']>[0]>[0]) => {
          tx.append('channel:new', 'message', fresh);
          tx.countMessage(log.general, ann.account);
          tx.memberChanged({ channel: log.general, account: ann.account, joined: false });
          tx.db.run("INSERT INTO exchange_nonces (nonce, expires_at) VALUES ('written', 1)");
          throw new Error('after writing');
        },
      },
      log.op(ann, message('second'), log.newId()),
    ]);
    expect(results.outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code))).toEqual([
      'ok',
      'internal',
      'ok',
    ]);
    expect(log.bugs).toHaveLength(1);
    expect(log.position.seq).toBe(before + 2);
    expect(log.db.has("SELECT 1 FROM exchange_nonces WHERE nonce = 'written'")).toBe(false);
    expect(log.db.has("SELECT 1 FROM streams WHERE stream = 'channel:new'")).toBe(false);
    expect(results.output?.items.map((item) => item.type)).toEqual(['frame']);
    expect(log.snapshot(ann).channels[0]).toMatchObject({ unread: 0 });
    // The stream that was begun and undone can be begun again.
    expect(log.do((tx) => tx.append('channel:new', 'member', `+${ann.account}`).n)).toBe(1);
  });

  it('a batch whose events cannot be told is undone whole, and the next one goes on without a gap', () => {
    const before = log.position;
    const broken = {
      name: 'fixture.do',
      args: (tx: Parameters<Parameters<LogFixture['do']>[0]>[0]) => tx.append('server', 'account', 'nobody'),
    };
    const { outcomes, output } = log.batches.run([log.op(ann, message('x'), log.newId()), broken]);
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code))).toEqual(['internal', 'internal']);
    expect([output, log.bugs.length, log.driver.inTransaction, count()]).toEqual([null, 1, false, 0]);
    expect(log.run(ann, message('y')).seq).toBe(before.seq + 1);
  });

  it('a procedure nobody knows is refused and harms nobody', () => {
    const { outcomes } = log.batches.run([{ name: 'constructor', args: null }, log.op(ann, message('x'), log.newId())]);
    expect(outcomes.map(({ ok }) => ok)).toEqual([false, true]);
  });
});

describe('once', () => {
  it('the same id with the same bytes gives the same answer and does nothing again', () => {
    const id = log.newId();
    const first = log.run(ann, message('once'), id);
    const position = log.position;
    expect(log.run(ann, message('once'), id)).toEqual(first);
    expect(
      log.batch([
        [ann, message('once'), id],
        [ann, message('once'), id],
      ]),
    ).toEqual([first, first]);
    expect(log.position).toEqual(position);
    expect(count()).toBe(1);
  });

  it('even in one batch', () => {
    const id = log.newId();
    const [one, two] = log.batch([
      [ann, message('once'), id],
      [ann, message('once'), id],
    ]);
    expect(two).toEqual(one);
    expect(count()).toBe(1);
  });

  it('and even after what allowed it is gone', () => {
    const id = log.newId();
    const first = log.run(ann, message('once'), id);
    log.run(ann, { kind: 'message.delete', message: id as string as MessageId });
    log.run(ann, { kind: 'channel.leave', channel: log.general });
    expect(log.run(ann, message('once'), id)).toEqual(first);
    expect(log.db.value('SELECT text FROM messages WHERE id = ?', id)).toBe('');
  });

  it('the same id with other bytes, or of another account, is a conflict', () => {
    const bob = log.person();
    const id = log.newId();
    log.run(ann, message('mine'), id);
    expect(log.codeOf(ann, message('other'), id)).toBe('id_conflict');
    expect(log.codeOf(bob, message('mine'), id)).toBe('id_conflict');
    expect(
      log.codeOf(bob, { kind: 'channel.create', name: 'c', topic: '', visibility: 'public', history: 'all' }, id),
    ).toBe('id_conflict');
    const channel = log.newId();
    log.run(ann, { kind: 'channel.create', name: 'c', topic: '', visibility: 'public', history: 'all' }, channel);
    expect(log.codeOf(bob, message('x'), channel)).toBe('id_conflict');
    expect(count()).toBe(1);
  });

  it('a refusal leaves no trace, so the same id passes when it may', () => {
    const id = log.newId();
    const channel = log.newId();
    const owner = log.person('owner');
    log.run(owner, { kind: 'channel.archive', channel: log.general, archived: true });
    expect(log.codeOf(ann, message('x'), id)).toBe('archived');
    log.run(owner, { kind: 'channel.archive', channel: log.general, archived: false });
    expect(log.run(ann, message('other words'), id).n).toBeGreaterThan(0);
    expect(log.codeOf(ann, message('x'), channel)).toBe('ok');
  });

  it('an account that is gone from its session is refused', () => {
    const other = log.person();
    expect(log.codeOf({ account: ann.account, session: other.session }, message('x'))).toBe('session_revoked');
  });
});

describe('what a batch tells', () => {
  it('has one frame for each stream and ends in the mark of its last event', () => {
    const bob = log.person();
    log.outputs.length = 0;
    log.batch([
      [ann, message('a')],
      [bob, { kind: 'profile.update', displayName: 'Bob' }],
      [bob, message('b')],
    ]);
    const [output] = log.outputs;
    expect(output?.items.map((item) => (item.type === 'frame' ? item.stream : item.type))).toEqual([
      `channel:${log.general}`,
      'server',
    ]);
    const frames = (output?.items ?? []).flatMap((item) => (item.type === 'frame' ? readFrames(item.bytes) : []));
    expect(eventsOf(frames).map(({ kind, stream }) => [kind, stream])).toEqual([
      ['message', log.general],
      ['message', log.general],
      ['account', 'server'],
    ]);
    expect(readFrames(output?.mark ?? new Uint8Array())).toEqual([{ t: 'mark', ...log.position }]);
  });

  it('holds back no event of a channel behind a change of its members, and lets none overtake it', () => {
    const bob = log.person();
    log.outputs.length = 0;
    log.batch([
      [ann, message('before')],
      [bob, { kind: 'channel.leave', channel: log.general }],
      [ann, message('between')],
      [bob, { kind: 'channel.join', channel: log.general }],
      [ann, message('after')],
    ]);
    const told = (log.outputs[0]?.items ?? []).flatMap((item) => {
      if (item.type === 'member') return [item.joined ? 'joins' : 'leaves'];
      if (item.type !== 'frame' || item.stream !== `channel:${log.general}`) return [];
      return eventsOf(readFrames(item.bytes)).map((event) =>
        event.kind === 'message' ? event.message.text : event.kind,
      );
    });
    expect(told).toEqual(['before', 'leaves', 'member', 'between', 'joins', 'member', 'after']);
  });

  it('is cut into frames a client takes, however much it is', () => {
    log.outputs.length = 0;
    log.batch(Array.from({ length: 200 }, () => [ann, message('é'.repeat(8_000))] as const));
    const frames = (log.outputs[0]?.items ?? []).flatMap((item) => (item.type === 'frame' ? [item.bytes] : []));
    expect(frames.length).toBeGreaterThan(2);
    for (const bytes of frames) expect(bytes.length).toBeLessThanOrEqual(1024 * 1024);
    expect(frames.flatMap((bytes) => eventsOf(readFrames(bytes)))).toHaveLength(200);
  });
});

describe('a full disk', () => {
  it('refuses writes with a clear code, reads go on, nothing is half written, and it recovers', () => {
    const id = log.newId();
    const first = log.run(ann, message('before'), id);
    const pages = log.db.value<number>('PRAGMA page_count') ?? 0;
    log.driver.exec(`PRAGMA max_page_count = ${pages + 2}`);
    const codes = new Set<string>();
    for (let i = 0; i < 20; i++)
      for (const result of log.batch([
        [ann, message('x'.repeat(8_000))],
        [ann, message('small')],
      ]))
        codes.add(typeof result === 'string' ? result : 'ok');
    expect(codes).toContain('disk_full');
    expect(log.codeOf(ann, message('y'.repeat(8_000)))).toBe('disk_full');
    const kept = count();
    expect(log.snapshot(ann).asOf).toEqual(log.position);
    expect(log.db.value('PRAGMA integrity_check')).toBe('ok');
    expect(log.db.value('SELECT count(*) FROM events')).toBe(log.position.seq);
    expect(log.run(ann, message('before'), id)).toEqual(first);

    log.driver.exec('PRAGMA max_page_count = 1073741823');
    const later = log.run(ann, message('y'.repeat(8_000)));
    expect(later.seq).toBe(log.position.seq);
    expect(count()).toBe((kept ?? 0) + 1);
    expect(log.db.value('SELECT count(*) FROM events')).toBe(log.position.seq);
    expect(log.bugs).toEqual([]);
  });
});

describe('erasing', () => {
  it('leaves no byte of a deleted message on the disk once the side file was emptied', () => {
    const secret = 'a-sentence-that-must-be-gone';
    const file = path.join(log.folder, 'skerry.db');
    const id = log.newId();
    const holds = () => [file, `${file}-wal`].map((name) => readFileSync(name).includes(secret));
    log.run(ann, message(`${secret} ${'z'.repeat(6_000)}`), id);
    checkpoint(log.driver);
    expect(holds()).toEqual([true, false]);
    log.run(ann, { kind: 'message.delete', message: id as string as MessageId });
    checkpoint(log.driver);
    expect(holds()).toEqual([false, false]);
  });

  it('waits only a moment for a reader that is in the way, and writes go on', async () => {
    const reader = await openDriver(path.join(log.folder, 'skerry.db'), 'read');
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM messages').get([]);
    log.run(ann, message('x'));
    checkpoint(log.driver);
    expect(log.run(ann, message('y')).seq).toBe(log.position.seq);
    expect(log.driver.prepare('PRAGMA busy_timeout').get([])).toEqual([5_000]);
    reader.close();
  });
});
