import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal, type Send } from './journal.ts';

const place = { accountId: 'a', guildId: 'g' };
const send = (id: string): Send => ({
  ...place,
  id,
  channelId: 'c',
  channelName: 'general',
  replyTo: '1',
  nonce: 'n',
  text: 'an answer',
  context: [{ id: '1', authorId: '2', authorName: 'ann', by: 'person', text: 'a question', at: 1 }],
  at: 5,
});

describe('the journal', () => {
  let folder: string;
  let journal: Journal;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'skerry-journal-'));
    journal = Journal.open(folder);
  });
  afterEach(() => {
    journal[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = () => path.join(folder, 'journal.jsonl');
  const reopen = () => {
    journal[Symbol.dispose]();
    journal = Journal.open(folder);
  };

  it('is for its owner alone', () => {
    journal.seen(place);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('knows after a crash what was seen, what was begun, and what is to be reported', () => {
    journal.seen(place);
    journal.seen(place);
    journal.begin(send('s1'));
    journal.begin(send('s2'));
    journal.settle('s1', 'm1', 7);
    for (const _ of [1, 2]) {
      reopen();
      expect(journal.unsettled).toEqual([send('s2')]);
      expect(journal.reports).toMatchObject([{ kind: 'sent', id: 's1', messageId: 'm1', text: 'an answer', at: 7 }]);
    }
    journal.count(9, () => 'c1');
    expect(journal.reports.at(-1)).toEqual({ kind: 'received', id: 'c1', ...place, count: 2, at: 9 });
  });

  it('makes one report of what was seen and never another of the same', () => {
    journal.seen(place);
    journal.count(9, () => 'c1');
    reopen();
    journal.count(10, () => 'c2');
    expect(journal.reports.map(({ id }) => id)).toEqual(['c1']);
    journal.told(['c1']);
    reopen();
    journal.count(11, () => 'c3');
    expect(journal.reports).toEqual([]);
  });

  it('reports as failed what became no message', () => {
    journal.begin(send('s1'));
    journal.settle('s1', null, 7);
    expect(journal.reports).toMatchObject([{ kind: 'failed', messageId: null }]);
    journal.settle('s1', 'late', 8);
    expect(journal.reports).toHaveLength(1);
  });

  it('drops a last line that was cut off, and goes on in a new one', () => {
    journal.begin(send('s1'));
    appendFileSync(file(), '{"t":"settled","id":"s1","messageId":"m');
    reopen();
    expect(journal.unsettled).toHaveLength(1);
    journal.settle('s1', 'm1', 7);
    reopen();
    expect(journal.reports).toMatchObject([{ kind: 'sent', messageId: 'm1' }]);
  });

  it('forgets texts once the server has them', () => {
    journal.begin(send('s1'));
    journal.settle('s1', 'm1', 7);
    journal.told(['s1']);
    reopen();
    expect(readFileSync(file(), 'utf8')).toBe('');
  });

  it('stays small however much goes through it', () => {
    const long = 'x'.repeat(20_000);
    for (let n = 0; n < 300; n++) {
      journal.begin({ ...send(`s${n}`), text: long });
      journal.settle(`s${n}`, 'm', 7);
      journal.told([`s${n}`]);
    }
    expect(statSync(file()).size).toBeLessThan(4 * 1024 * 1024 + 30_000);
  });
});
