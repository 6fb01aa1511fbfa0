import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { AGENT, type Asked, JsonRun, kindsOf, saidIn, SKERRY } from './json-run.ts';

const top = mkdtempSync(path.join(tmpdir(), 'skerry-machines-'));
afterAll(() => rmSync(top, { recursive: true }));
let [config, folder] = ['', ''];
let number = 0;
beforeEach(() => {
  const own = path.join(top, String(++number));
  [config, folder] = [path.join(own, 'config'), path.join(own, 'project')];
  mkdirSync(folder, { recursive: true });
});

const start = (...flags: string[]) => new JsonRun({ config, flags: ['--folder', folder, ...flags] });
const inFolder = (name: string) => path.join(folder, name);
const runId = ({ err }: JsonRun) => /Run ([\w-]{8}),/.exec(err)?.[1] ?? '';

describe('an agent in a run', () => {
  it('reads, shows a plan, switches its mode, and changes a file after an approval of exactly that content', async () => {
    writeFileSync(inFolder('a.txt'), 'one\ntwo\nthree\n');
    await using run = start('--mode', 'plan');
    expect((await run.kind('mode')).entry['mode']).toBe('plan');
    expect(saidIn(await run.turn(`read ${inFolder('a.txt')} 2 1`))).toBe('two\n');
    const planned = await run.turn('plan look change check');
    expect(planned.map(({ entry }) => entry['update'])).toContainEqual(
      expect.objectContaining({
        sessionUpdate: 'plan',
        entries: expect.arrayContaining([expect.objectContaining({ content: 'change' })]) as unknown,
      }),
    );
    const turn = await run.turn('write b.txt new text', ['yes']);
    expect(readFileSync(inFolder('b.txt'), 'utf8')).toBe('new text');
    expect(kindsOf(turn)).toEqual(['prompt', 'update', 'asked', 'answered', 'wrote', 'update', 'update', 'turn']);
    const { subject } = turn[2]?.entry['ask'] as Asked;
    expect(subject).toMatchObject({
      kind: 'tool',
      writes: [{ path: inFolder('b.txt'), before: null, after: 'new text' }],
    });
    expect(turn[5]?.entry['update']).toMatchObject({
      status: 'completed',
      locations: [{ path: inFolder('b.txt'), line: 1 }],
    });
    await run.turn('write b.txt other', ['no']);
    expect(readFileSync(inFolder('b.txt'), 'utf8')).toBe('new text');
    run.say({ mode: 'none-such' });
    expect(await run.find(({ error }) => error !== undefined)).toEqual({
      error: 'There is no such mode. The modes are: ask, plan.',
    });
    expect(await run.close()).toBe(0);
  });

  it('runs a command only as it was allowed, and its output is in the log', async () => {
    await using run = start();
    const turn = await run.turn('run sh -c echo\u2000out;echo\u2000err>&2;exit\u20003', ['allow']);
    expect((turn.find(({ entry }) => entry.kind === 'asked')?.entry['ask'] as Asked).subject).toMatchObject({
      kind: 'command',
      command: 'sh',
      cwd: folder,
    });
    const shell = await run.turn('run echo $HOME ; touch x', ['allow']);
    expect(saidIn(shell)).toBe('0: $HOME ; touch x\n');
    expect(kindsOf(shell)).toEqual(['prompt', 'asked', 'answered', 'command', 'output', 'exited', 'update', 'turn']);
    expect(existsSync(inFolder('x'))).toBe(false);
    expect(saidIn(await run.turn('run touch y', ['refuse']))).toContain('did not allow');
    expect(existsSync(inFolder('y'))).toBe(false);
    expect(saidIn(await run.turn('run no-such-program', ['allow']))).toContain('There is no such program');
  });

  it('gets nothing done that was not shown: other content, another command, a variable, one approval twice (T18, T19)', async () => {
    await using run = start();
    await run.turn('sly-write c.txt', ['yes', 'refuse']);
    expect(existsSync(inFolder('c.txt'))).toBe(false);
    await run.turn('sly-twice d.txt', ['yes', 'refuse']);
    expect(readFileSync(inFolder('d.txt'), 'utf8')).toBe('changed by the person');
    for (const how of ['args', 'env']) {
      const turn = await run.turn(`sly-run ${how}`, ['yes', 'refuse']);
      expect(saidIn(turn), how).toContain('did not allow');
      expect(kindsOf(turn)).not.toContain('command');
    }
    expect(saidIn(await run.turn('sly-run plainly', ['yes']))).toBe('shown\n');
    await run.turn('overwrite e.txt without asking', ['refuse']);
    expect(existsSync(inFolder('e.txt'))).toBe(false);
    await run.turn('overwrite e.txt first', ['allow_every']);
    await run.turn('overwrite e.txt second');
    expect(readFileSync(inFolder('e.txt'), 'utf8')).toBe('second');
  });

  it('writes only what was shown over what was shown: not where the agent told another text of before, nor what was changed meanwhile (T18)', async () => {
    writeFileSync(inFolder('told.txt'), 'kept');
    writeFileSync(inFolder('mine.txt'), 'old');
    for (const one of ['shown', 'other']) {
      mkdirSync(inFolder(one));
      writeFileSync(path.join(inFolder(one), 'x.txt'), 'old');
    }
    await using run = start();
    await run.turn('sly-diff told.txt', ['yes', 'refuse']);
    expect(readFileSync(inFolder('told.txt'), 'utf8')).toBe('kept');
    const meanwhile = async (name: string, change: () => void) => {
      const from = run.lines.length;
      run.say({ prompt: `overwrite ${name} new` });
      const { id } = (await run.kind('asked', from)).entry['ask'] as Asked;
      change();
      run.say({ answer: { ask: id, choice: 'allow' } });
      await run.kind('turn', from);
    };
    await meanwhile('mine.txt', () => writeFileSync(inFolder('mine.txt'), 'changed by the person'));
    expect(readFileSync(inFolder('mine.txt'), 'utf8')).toBe('changed by the person');
    await meanwhile('shown/x.txt', () => {
      rmSync(inFolder('shown'), { recursive: true });
      symlinkSync(inFolder('other'), inFolder('shown'));
    });
    expect(readFileSync(path.join(inFolder('other'), 'x.txt'), 'utf8')).toBe('old');
  });

  it('stays inside its folder, and what it tried outside is in the log', async () => {
    const secret = path.join(top, `secret-${number}`);
    writeFileSync(secret, 'secret');
    symlinkSync(secret, inFolder('link'));
    await using run = start();
    for (const asked of [secret, '/etc/passwd', inFolder('link'), inFolder('../../config')]) {
      const read = await run.turn(`read ${asked}`);
      expect([saidIn(read), kindsOf(read)], asked).toEqual([
        expect.stringContaining('outside the folder'),
        ['prompt', 'refused', 'update', 'turn'],
      ]);
      const written = await run.turn(`overwrite ${asked} x`);
      expect(kindsOf(written), asked).toEqual(['prompt', 'refused', 'update', 'turn']);
    }
    expect(readFileSync(secret, 'utf8')).toBe('secret');
  });

  it('is decided on once: a second answer, one to nothing and one with no such choice change nothing (T19)', async () => {
    await using run = start();
    run.say({ prompt: 'write f.txt yes' });
    const { id } = (await run.kind('asked')).entry['ask'] as Asked;
    run.say({ answer: { ask: id, choice: 'maybe' } });
    run.say({ answer: { ask: 'other', choice: 'yes' } });
    run.say({ answer: { ask: id, choice: 'no' } });
    run.say({ answer: { ask: id, choice: 'yes' } });
    await run.kind('turn');
    await run.find(() => run.lines.filter(({ error }) => error !== undefined).length === 3);
    expect(run.lines.flatMap(({ error }) => error ?? [])).toEqual([
      'The question has no such choice.',
      'There is no such question.',
      'This question is decided already.',
    ]);
    expect(run.lines.filter(({ entry }) => entry?.kind === 'answered')).toHaveLength(1);
    expect(existsSync(inFolder('f.txt'))).toBe(false);
  });

  it('is cancelled in the middle, with its questions; commands end with the run', async () => {
    await using run = start();
    run.say({ prompt: 'wait' });
    run.say({ prompt: 'never said' });
    await run.find(({ entry }) => entry.kind === 'update');
    run.say({ cancel: true });
    expect((await run.kind('turn')).entry['stop']).toBe('cancelled');
    run.say({ prompt: 'ask anything' });
    await run.kind('asked');
    run.say({ cancel: true });
    expect((await run.kind('answered')).entry['choice']).toBeNull();
    expect(run.lines.map(({ entry }) => entry['text'])).not.toContain('never said');
    await run.turn('run-for-ever', ['allow']);
    expect(await run.close()).toBe(0);
    expect(kindsOf(run.lines).slice(-2)).toEqual(['exited', 'ended']);
  });

  it('refuses lines that are none of the forms, and does nothing for them', async () => {
    await using run = start();
    await run.kind('begun');
    run.child.stdin?.write('{"prompt":""}\n[]\nnonsense\n{"prompt":"a","cancel":true}\n{"answer":{"ask":1}}\n');
    await run.find(() => run.lines.filter(({ error }) => error !== undefined).length === 5);
    expect(kindsOf(run.lines.filter(({ entry }) => entry !== undefined))).toEqual(['begun']);
  });
});

describe('a run that goes on', () => {
  it('keeps its log over a kill of this program, loads the same conversation, and doubles nothing', async () => {
    let id: string;
    {
      await using run = start();
      await run.turn('first words');
      run.say({ prompt: 'write g.txt x' });
      await run.kind('asked');
      id = runId(run);
      run.child.kill('SIGKILL');
      await run.ended;
    }
    await using again = new JsonRun({ config, flags: ['--resume', id], agent: [] });
    expect((await again.kind('begun')).entry).toMatchObject({ start: 'loaded', folder });
    expect(saidIn(await again.turn('heard'))).toBe('first words|write g.txt x|heard');
    expect(await again.close()).toBe(0);
    const log = readFileSync(path.join(config, 'runs', id, 'log.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const lines = log.map(
      (line) => JSON.parse(line) as { n: number; id: string; entry: { kind: string; choice?: null; why?: string } },
    );
    expect(lines.map(({ n }) => n)).toEqual(lines.map((_, at) => at + 1));
    expect(new Set(lines.map((line) => line.id)).size).toBe(lines.length);
    const [cut] = lines.filter(({ entry }) => entry.why === 'cut');
    expect(lines[(cut?.n ?? 0) - 2]?.entry).toMatchObject({ kind: 'answered', choice: null });
    expect(lines.filter(({ entry }) => entry.kind === 'prompt')).toHaveLength(3);
    expect(existsSync(inFolder('g.txt'))).toBe(false);
    expect(statSync(path.join(config, 'runs', id)).mode & 0o777).toBe(0o700);
  });

  it('says it when the agent has forgotten, and is open in one process at a time', async () => {
    await using run = start();
    await run.turn('hello');
    const second = new JsonRun({ config, flags: ['--resume', runId(run)], agent: [] });
    expect([await second.ended, second.err]).toEqual([1, `The run ${runId(run)} is open in another process.\n`]);
    await run.close();
    rmSync(`${config}-agent`, { recursive: true });
    await using again = new JsonRun({ config, flags: ['--resume', runId(run)], agent: [] });
    expect((await again.kind('begun')).entry['start']).toBe('anew');
  });

  it('ends with exit code 1 when its agent dies, and with a sentence when it cannot begin', async () => {
    await using run = start();
    run.say({ prompt: 'die' });
    expect(await run.ended).toBe(1);
    expect(run.lines.slice(-2).map(({ entry }) => entry)).toMatchObject([
      { kind: 'turn', stop: 'failed' },
      { kind: 'ended', why: 'agent_ended' },
    ]);
    const broken: [string[], string][] = [
      [['no-such-agent'], 'There is no such program: no-such-agent'],
      [[process.execPath, '-e', 'console.error("no licence"); process.exit(1)'], 'It said: no licence'],
      [['env', 'PLAIN_AGENT_LOCKED=1', process.execPath, AGENT], 'wants you to sign in first'],
    ];
    const tries = broken.map(async ([agent, sentence]) => {
      const failed = new JsonRun({ config, flags: ['--folder', folder], agent });
      expect([await failed.ended, failed.err], agent[0]).toEqual([1, expect.stringContaining(sentence)]);
      expect(failed.err).not.toMatch(/^\s+at /m);
    });
    await Promise.all(tries);
    const unknown = new JsonRun({ config, flags: ['--resume', '../../..'], agent: [] });
    expect([await unknown.ended, unknown.err]).toEqual([1, 'There is no run ../../.. on this machine.\n']);
  });
});

describe('skerry run for a person', () => {
  const words = () => ['run', '--config', config, '--folder', folder, '--', process.execPath, AGENT];

  it('is driven from a terminal: a question shows exactly what would be done, and is answered by its number', async () => {
    await using terminal = new PseudoTerminal(words());
    await terminal.says('Say something.');
    terminal.type('write h.txt it is\n');
    await terminal.says('Allow it?');
    expect(terminal.out).toContain('+ it is');
    terminal.type('3\n');
    await terminal.says('Answer with a number from 1 to 2.');
    terminal.type('1\n');
    await terminal.says('wrote h.txt');
    expect(readFileSync(inFolder('h.txt'), 'utf8')).toBe('it is');
    terminal.type('/quit\n');
    expect(await terminal.ended).toBe(0);
  });

  it('never lets what an agent says act on the terminal, and stops a turn with Ctrl-C', async () => {
    await using terminal = new PseudoTerminal(words());
    await terminal.says('Say something.');
    terminal.type('ask \u202e\u009b2J\n');
    await terminal.says('Allow it?');
    expect(terminal.out).toContain('\\u{202e}\\u{9b}2J');
    // The terminal echoes what was typed; after that no such character comes back.
    const after = terminal.out.slice(terminal.out.indexOf('The agent calls'));
    expect(['\u202e', '\u009b', '\u001b'].filter((acting) => after.includes(acting))).toEqual([]);
    terminal.type('2\n');
    await terminal.says('Done.');
    terminal.type('wait\n');
    await terminal.says('waiting');
    terminal.type('\u0003');
    await terminal.says('Cancelled.');
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(0);
  });

  it('works without a terminal: all of stdin is said, and what is asked is refused', () => {
    const { stdout, status } = spawnSync(process.execPath, [SKERRY, ...words()], {
      input: 'overwrite i.txt x',
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([0, expect.stringContaining('Not done')]);
    expect(existsSync(inFolder('i.txt'))).toBe(false);
  });
});
