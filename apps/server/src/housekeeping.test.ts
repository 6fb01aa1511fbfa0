import path from 'node:path';
import { LIMITS, type Position } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { makeResetCode, resetPassword, tidy } from './auth/writes.ts';
import { openDriver } from './db/driver.ts';
import { READ_PROCEDURES } from './db/read-procedures.ts';
import { WRITE_PROCEDURES } from './db/write-procedures.ts';
import { type Every, Housekeeping } from './housekeeping.ts';
import { DATABASE_FILE } from './server/data-files.ts';
import { LogFixture } from './testing/log-fixture.ts';
import { TestServer } from './testing/test-server.ts';

const DAY = 24 * 60 * 60_000;
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('a server that runs for long', () => {
  it('throws away old events and keeps those a client may still go on from (L-3)', async () => {
    using log = await LogFixture.open();
    const ann = log.person();
    const text = (i: number) => ({ kind: 'message.send', channel: log.general, text: `${i}`, replyTo: null }) as const;
    log.batch(Array.from({ length: LIMITS.resumeEvents + 50 }, (_, i) => [ann, text(i)] as const));
    const count = () => log.db.value<number>('SELECT count(*) FROM events') ?? 0;
    const all = count();

    let round: () => void = () => undefined;
    const faults: unknown[] = [];
    const rounds = new Housekeeping({
      db: {
        write: async (name, args) => log.do((tx) => WRITE_PROCEDURES[name](tx, args as never)) as never,
        read: async (name, args) => READ_PROCEDURES[name](log.db, args as never) as never,
      },
      clock: { now: () => log.now },
      every: (_ms, task) => ((round = task), () => (round = () => faults.push('after the end'))),
      onFault: (error) => faults.push(error),
    });
    log.now += 29 * DAY;
    round();
    await settled();
    expect(count()).toBe(all);
    log.now += 2 * DAY;
    round();
    await settled();
    expect(count()).toBe(LIMITS.resumeEvents + 1);
    const oldest = log.db.get<Position>('SELECT seq, tag FROM events ORDER BY seq LIMIT 1') ?? null;
    expect(log.replayed(ann, oldest)).toHaveLength(LIMITS.resumeEvents);
    await rounds[Symbol.asyncDispose]();
    expect(faults).toEqual([]);
  });

  it('throws away what of sign-ins has run out, and stops with the server', async () => {
    let ahead = 0;
    const tasks: (() => void)[] = [];
    const round = (): void => tasks.forEach((task) => task());
    let stopped = 0;
    const clock = { now: () => Date.now() + ahead };
    const every: Every = (_ms, task) => (tasks.push(task), () => (stopped += 1));
    await using server = await TestServer.start({}, { clock, every });
    const ada = await server.register('ada');
    const elsewhere = (await server.signIn('ada')).body;
    await server.ask('revokeSession', { token: ada.accessToken, params: { sessionId: elsewhere.sessionId } });

    const file = await openDriver(path.join(server.data, DATABASE_FILE), 'read');
    const count = (table: string) => file.prepare(`SELECT count(*) FROM ${table}`).get([])?.[0];
    try {
      expect([count('sessions'), count('access_tokens')]).toEqual([2, 2]);
      ahead = 29 * DAY;
      round();
      await expect.poll(() => count('access_tokens')).toBe(0);
      expect(count('sessions')).toBe(2);
      ahead = 31 * DAY;
      // A round that is still under way takes no second one.
      await expect.poll(() => (round(), count('sessions'))).toBe(1);
    } finally {
      file.close();
    }
    await server.stop();
    expect(stopped).toBe(tasks.length);
  });

  it('throws away codes that were used or have run out, and keeps the one that still works', async () => {
    using log = await LogFixture.open();
    const people = [log.person(), log.person(), log.person()] as const;
    const make = (n: 0 | 1 | 2, expiresAt: number) =>
      log.do((tx) => makeResetCode(tx, { actor: null, target: people[n].account, codeHash: `code${n}`, expiresAt }));
    make(0, log.now + 1_000);
    make(1, log.now + 1_000_000);
    make(2, log.now + 1_000_000);
    log.do((tx) => resetPassword(tx, { codeHash: 'code1', passwordHash: 'new' }));
    log.do((tx) => tidy(tx, { now: log.now + 1_000 }));
    expect(log.db.values('SELECT code_hash FROM reset_codes')).toEqual(['code2']);
  });
});
