import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readRunLog, RunLog } from './run-log.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'skerry-log-'));
afterAll(() => rmSync(folder, { recursive: true }));
const now = () => 1_000;

describe('the log of a run', () => {
  it('keeps what was appended, numbered without gaps, each with an id of its own, and goes on after it is opened again', async () => {
    const file = path.join(folder, 'kept');
    const texts = Array.from({ length: 300 }, (_, at) => `line ${at}\nwith "quotes" and \u2028`);
    {
      const { log, lines } = await RunLog.open(file, now);
      expect(lines).toEqual([]);
      await Promise.all(texts.slice(0, 200).map((text) => log.append({ kind: 'prompt', text })));
      await log[Symbol.asyncDispose]();
    }
    const { log, lines } = await RunLog.open(file, now);
    expect(lines.map(({ entry }) => entry)).toEqual(texts.slice(0, 200).map((text) => ({ kind: 'prompt', text })));
    await Promise.all(texts.slice(200).map((text) => log.append({ kind: 'prompt', text })));
    await log[Symbol.asyncDispose]();
    const all = await readRunLog(file);
    expect(all.map(({ n }) => n)).toEqual(texts.map((_, at) => at + 1));
    expect(new Set(all.map(({ id }) => id)).size).toBe(300);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is on the disk when append has resolved', async () => {
    const file = path.join(folder, 'durable');
    const { log } = await RunLog.open(file, now);
    const line = await log.append({ kind: 'prompt', text: 'here' });
    expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(line)}\n`);
    await log[Symbol.asyncDispose]();
  });

  it('loses only the entry that was being written when the machine stopped', async () => {
    const file = path.join(folder, 'torn');
    const first = await RunLog.open(file, now);
    await first.log.append({ kind: 'prompt', text: 'whole' });
    await first.log[Symbol.asyncDispose]();
    appendFileSync(file, '{"n":2,"id":"x","at":1,"entry":{"kind":"pro');
    const { log, lines } = await RunLog.open(file, now);
    expect(lines).toHaveLength(1);
    await log.append({ kind: 'prompt', text: 'next' });
    await log[Symbol.asyncDispose]();
    expect((await readRunLog(file)).map(({ n, entry }) => [n, entry])).toEqual([
      [1, { kind: 'prompt', text: 'whole' }],
      [2, { kind: 'prompt', text: 'next' }],
    ]);
  });

  it('refuses a file that is something else, or has a hole', async () => {
    const file = path.join(folder, 'damaged');
    for (const text of ['not json\n', '{"n":2}\n', 'null\n']) {
      writeFileSync(file, text);
      await expect(RunLog.open(file, now)).rejects.toThrow('is damaged at line 1');
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });
});
