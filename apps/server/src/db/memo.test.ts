import type { ChannelId, CommandId } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFixture, type Person } from '../testing/log-fixture.ts';
import { Memo } from './memo.ts';

describe('what the writing connection remembers', () => {
  it('is read once, until one of its tables is written', () => {
    const memo = new Memo();
    let loads = 0;
    const read = (key: string) => memo.get(key, ['accounts', 'sessions'], () => ++loads);
    expect([read('a'), read('a'), read('b')]).toEqual([1, 1, 2]);
    memo.written('channels');
    expect(read('a')).toBe(1);
    memo.written('sessions');
    expect([read('a'), read('b')]).toEqual([3, 4]);
    memo.clear();
    expect(read('a')).toBe(5);
  });

  it('may be nothing, and that is remembered too', () => {
    const memo = new Memo();
    let loads = 0;
    const read = () => memo.get('missing', ['accounts'], () => void (loads += 1));
    read();
    read();
    expect(loads).toBe(1);
  });
});

describe('permission is that of the moment, within one batch too', () => {
  let log: LogFixture;
  let owner: Person;
  let ann: Person;
  beforeEach(async () => {
    log = await LogFixture.open();
    owner = log.person('owner');
    ann = log.person('admin');
  });
  afterEach(() => log[Symbol.dispose]());

  const message = () => ({ kind: 'message.send', channel: log.general, text: 'x', replyTo: null }) as const;
  const codes = (results: readonly unknown[]) => results.map((result) => (typeof result === 'string' ? result : 'ok'));

  it('after leaving and joining', () => {
    const results = log.batch([
      [ann, message()],
      [ann, { kind: 'channel.leave', channel: log.general }],
      [ann, message()],
      [ann, { kind: 'channel.join', channel: log.general }],
      [ann, message()],
    ]);
    expect(codes(results)).toEqual(['ok', 'ok', 'forbidden', 'ok', 'ok']);
  });

  it('after archiving, and after a role or an account was taken away', () => {
    const archive = (archived: boolean) => ({ kind: 'channel.archive', channel: log.general, archived }) as const;
    const results = log.batch([
      [ann, archive(true)],
      [ann, message()],
      [ann, archive(false)],
      [ann, message()],
      [owner, { kind: 'account.role', account: ann.account, role: 'member' }],
      [ann, archive(true)],
      [owner, { kind: 'account.disable', account: ann.account, disabled: true }],
      [ann, message()],
    ]);
    expect(codes(results)).toEqual(['ok', 'archived', 'ok', 'ok', 'ok', 'forbidden', 'ok', 'session_revoked']);
  });

  it('and not that of something that was undone', () => {
    const channel = log.newId<ChannelId>();
    log.run(
      owner,
      { kind: 'channel.create', name: 'c', topic: '', visibility: 'public', history: 'all' },
      channel as string as CommandId,
    );
    const { outcomes } = log.batches.run([
      {
        name: 'fixture.do',
        args: (tx: Parameters<Parameters<LogFixture['do']>[0]>[0]) => {
          tx.db.run('UPDATE channels SET archived = 1 WHERE id = ?', log.general);
          tx.db.remember(`access ${log.general} ${ann.account}`, ['channels', 'intervals'], () => undefined);
          throw new Error('and then it failed');
        },
      },
      log.op(ann, message(), log.newId()),
    ]);
    expect(outcomes.map(({ ok }) => ok)).toEqual([false, true]);
    expect(log.codeOf(ann, message())).toBe('ok');
  });

  it('a channel that was just made is known as one by its id', () => {
    const id = log.newId();
    const create = { kind: 'channel.create', name: 'c', topic: '', visibility: 'private', history: 'all' } as const;
    expect(
      codes(
        log.batch([
          [ann, message()],
          [owner, create, id],
          [ann, message(), id],
        ]),
      ),
    ).toEqual(['ok', 'ok', 'id_conflict']);
  });
});
