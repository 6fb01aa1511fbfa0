import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { CallToolResult, Progress } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SKERRY } from './json-run.ts';

const config = path.join(mkdtempSync(path.join(tmpdir(), 'skerry-mcp-')), 'config');
let first: { client: Client; pid: number };

async function connect(): Promise<typeof first> {
  const client = new Client({ name: 'a-test', version: '1' });
  const args = [SKERRY, 'mcp', '--config', config, '--progress', '0.1'];
  const transport = new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' });
  await client.connect(transport);
  return { client, pid: transport.pid ?? 0 };
}

type Result = { ask_id: string; state: string; choice: string | null; text: string | null };

async function call(
  { client }: { client: Client },
  name: string,
  args: object,
  options: { onprogress?: (progress: Progress) => void; signal?: AbortSignal } = {},
): Promise<Result & { said: string }> {
  const result = (await client.callTool({ name, arguments: { ...args } }, undefined, options)) as CallToolResult;
  const [part] = result.content;
  return { ...(result.structuredContent as Result), said: part?.type === 'text' ? part.text : '' };
}

function answer(...argv: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [SKERRY, 'answer', '--config', config, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (err += part.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

/** The open asks, once there is one with such a text. */
async function asked(text: string): Promise<{ id: string; text: string }> {
  for (;;) {
    const lines = (await answer('--json')).out.split('\n').filter((line) => line !== '');
    const found = lines
      .map((line) => JSON.parse(line) as { id: string; text: string })
      .find((ask) => ask.text === text);
    if (found !== undefined) return found;
  }
}

beforeAll(async () => {
  first = await connect();
});
afterAll(async () => {
  await first.client.close();
  rmSync(path.dirname(config), { recursive: true });
});

describe('skerry mcp', () => {
  it('asks with choices, tells that it waits, and gives the answer that came first', async () => {
    const { tools } = await first.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['ask_question', 'work_report', 'wait_for_answer']);
    const notices: Progress[] = [];
    const text = 'Which \u001b[2Jport?';
    const given = { question: text, choices: ['4400', '4401'], project_folder: '/people/ada/boat', agent_name: 'Mate' };
    const waiting = call(first, 'ask_question', given, { onprogress: (progress) => notices.push(progress) });
    const { id } = await asked(text);
    const listed = await answer();
    expect(listed.out).toContain('question of "Mate" in "/people/ada/boat"');
    expect(listed.out).toContain('Which \\u{1b}[2Jport?');
    expect(listed.out).toContain('2  "4401"');
    expect(listed.out).not.toContain('\u001b');
    const wrong = await answer('--ask', id, '--choice', '3');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('a whole number from 1 to 2')]);
    expect((await answer('--ask', id.slice(0, 8), '--choice', '2', '--text', 'as ever')).code).toBe(0);
    expect(await waiting).toEqual({
      ask_id: id,
      state: 'answered',
      choice: '4401',
      text: 'as ever',
      said: 'The person answers: 4401\nas ever',
    });
    expect(notices.length).toBeGreaterThan(1);
    expect(notices.map(({ progress }) => progress)).toEqual(notices.map((_, at) => at + 1));
    expect(await answer('--ask', id, '--text', 'another')).toMatchObject({
      code: 1,
      err: 'This is answered already: "4401" "as ever"\n',
    });
  });

  it('reports, and is told to go on; is not answered; runs out of time', async () => {
    const report = call(first, 'work_report', { report: 'The hull is done.' });
    const { id } = await asked('The hull is done.');
    await answer('--ask', id, '--choice', '2', '--text', 'now the mast');
    expect(await report).toMatchObject({ state: 'answered', choice: 'Continue', text: 'now the mast' });
    const unwanted = call(first, 'ask_question', { question: 'Shall I?' });
    await answer('--ask', (await asked('Shall I?')).id, '--dismiss');
    expect(await unwanted).toMatchObject({ state: 'cancelled', said: 'The person does not want to answer this.' });
    const late = await call(first, 'ask_question', { question: 'Anybody?', timeout_seconds: 1 });
    expect(late).toMatchObject({ state: 'expired', choice: null, text: null });
    expect(await answer('--ask', late.ask_id, '--text', 'here')).toMatchObject({
      code: 1,
      err: 'This is over: it was expired.\n',
    });
  });

  it('loses no ask when its caller gives up, or the program is killed while it waits', async () => {
    const patience = new AbortController();
    const abandoned = call(first, 'ask_question', { question: 'Still there?' }, { signal: patience.signal });
    const { id } = await asked('Still there?');
    patience.abort();
    await expect(abandoned).rejects.toThrow();
    const second = await connect();
    const cut = call(second, 'wait_for_answer', { ask_id: id });
    process.kill(second.pid, 'SIGKILL');
    await expect(cut).rejects.toThrow();
    const third = await connect();
    expect(await call(third, 'wait_for_answer', { ask_id: id, wait_seconds: 0 })).toMatchObject({
      state: 'open',
      said: `Nobody has answered yet. Call wait_for_answer with ask_id ${id}.`,
    });
    await answer('--ask', id, '--text', 'yes');
    // An agent that knows nothing of before asks once more, and gets the answer to its first question.
    const again = await call(third, 'ask_question', { question: 'Still there?' });
    expect([again.ask_id, again.text]).toEqual([id, 'yes']);
    expect((await call(third, 'ask_question', { question: 'Still there?', wait_seconds: 0 })).ask_id).not.toBe(id);
    await third.client.close();
  });

  it.each([
    ['ask_question', {}, 'question must be a text'],
    ['ask_question', { question: 'x'.repeat(20_001) }, 'question must be a text of 1 to 20000'],
    ['ask_question', { question: 'x', choices: ['a', 'a'] }, 'different texts'],
    ['ask_question', { question: 'x', timeout_seconds: 1e12 }, 'timeout_seconds must be a whole number'],
    ['ask_question', { question: 'x', colour: 'red' }, 'There is no argument colour'],
    ['wait_for_answer', { ask_id: '../../etc/passwd' }, 'There is no such ask'],
    ['format_disk', {}, 'There is no tool format_disk'],
  ])('refuses a call of %s that does not fit, and asks nothing (%#)', async (name, given, sentence) => {
    const result = (await first.client.callTool({ name, arguments: given })) as CallToolResult;
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining(sentence) as unknown }] });
    expect(result.structuredContent).toBeUndefined();
  });
});
