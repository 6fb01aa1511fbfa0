import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AskBook } from './ask-book.ts';

const top = mkdtempSync(path.join(tmpdir(), 'skerry-asks-'));
afterAll(() => rmSync(top, { recursive: true }));
let number = 0;
const content = { kind: 'question', text: 'Which?', choices: ['a', 'b'], folder: '/p', agent: 'x' } as const;
const answer = (text: string) => ({ state: 'answered', choice: null, text }) as const;

function books(count = 2) {
  const clock = { now: 1_000 };
  const folder = path.join(top, String(++number));
  return { clock, folder, books: Array.from({ length: count }, () => new AskBook(folder, () => clock.now)) };
}

describe('what agents ask', () => {
  it('is seen and answered by another process, and the answer comes to who waits', async () => {
    const {
      books: [one, two],
      folder,
    } = books();
    const ask = await one!.ask(content, 9_000);
    expect(await two!.open()).toEqual([ask]);
    const waiting = one!.wait(ask, new AbortController().signal);
    expect((await two!.close(ask, answer('a'))).won).toBe(true);
    expect(await waiting).toEqual({ ...answer('a'), at: 1_000 });
    expect(await two!.open()).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.draft'))).toEqual([]);
    for (const name of readdirSync(folder)) expect(statSync(path.join(folder, name)).mode & 0o777).toBe(0o600);
  });

  it('has one winner, and the others are told whose answer counts (T19)', async () => {
    const { books: many } = books(20);
    const ask = await many[0]!.ask(content, 9_000);
    const outcomes = await Promise.all(many.map((book, at) => book.close(ask, answer(String(at)))));
    expect(outcomes.filter(({ won }) => won)).toHaveLength(1);
    expect(new Set(outcomes.map(({ closing }) => closing.text)).size).toBe(1);
  });

  it('ends at its time, and not before; an answer after that is told so', async () => {
    const {
      books: [book],
      clock,
    } = books(1);
    const ask = await book!.ask(content, 2_000);
    clock.now = 1_999;
    expect(await book!.open()).toHaveLength(1);
    clock.now = 2_000;
    expect(await book!.close(ask, answer('late'))).toMatchObject({
      won: false,
      closing: { state: 'expired', text: null },
    });
    expect(await book!.open()).toEqual([]);
  });

  it('is the same ask when it is asked again, until its answer was told', async () => {
    const {
      books: [one, two],
      clock,
    } = books();
    const ask = await one!.ask(content, 9_000);
    expect((await two!.ask(content, 99_000)).id).toBe(ask.id);
    await two!.close(ask, answer('a'));
    expect((await two!.ask(content, 9_000)).id).toBe(ask.id);
    await one!.take(ask);
    expect((await two!.ask(content, 9_000)).id).not.toBe(ask.id);
    for (const other of [
      { text: 'What?' },
      { choices: ['a'] },
      { folder: '/q' },
      { agent: 'y' },
      { kind: 'report' as const },
    ])
      expect((await one!.ask({ ...content, ...other }, 9_000)).id).not.toBe(ask.id);
    clock.now += 31 * 24 * 3_600_000;
    await one!.ask({ ...content, text: 'Later?' }, clock.now + 1);
    expect(await one!.find(ask.id)).toBeUndefined();
  });

  it('stays when nobody waits any more, and knows no other names than its own', async () => {
    const {
      books: [book],
    } = books(1);
    const ask = await book!.ask(content, 9_000);
    expect(await book!.wait(ask, AbortSignal.timeout(50))).toBeUndefined();
    expect(await book!.find(ask.id)).toEqual(ask);
    for (const id of ['../../etc/passwd', '', ask.id.toUpperCase().replace(/\d/g, 'A'), `${ask.id}x`])
      expect(await book!.find(id)).toBeUndefined();
  });
});
