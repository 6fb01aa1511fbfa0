import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FromServers, ToServers } from './client-core/message.ts';
import type { Row } from './row.ts';

const here = (file: string): string => fileURLToPath(new URL(`./client-core/${file}`, import.meta.url));
const run = promisify(execFile);

const COUNTS = [1, 20, 100];
const ROUNDS = 3;
const MISSED = 1_000;
const MB = 1_000_000;

/** The client's core on Node over real servers, each figure in a process of its own. */
export async function benchClientCore(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const count of COUNTS) rows.push(...(await benchWith(count)));
  return rows;
}

async function benchWith(count: number): Promise<readonly Row[]> {
  const servers = new Servers(count);
  const folder = await mkdtemp(path.join(tmpdir(), 'skerry-bench-client-'));
  try {
    const origins = await servers.ready();
    await inClient('join', [folder, ...origins]);
    const paint = await median(() => inClient<{ ms: number }>('paint', [folder, ...origins]).then(({ ms }) => ms));
    const raw = await median(() => inClient<{ ms: number }>('raw', [folder]).then(({ ms }) => ms));
    const { heap, idleShare } = await inClient<{ heap: number; idleShare: number }>('hold', [folder, ...origins]);
    const from = await servers.write(MISSED);
    const { ms: catchUp } = await inClient<{ ms: number }>('catch-up', [folder, ...origins]);
    const { ms: bare } = await inClient<{ ms: number }>('bare', ['-', origins[0] ?? '', String(from.seq), from.tag]);
    const name = (what: string): string => `${what}, ${count} ${count === 1 ? 'server' : 'servers'}`;
    return [
      {
        name: name('First paint from storage'),
        value: paint,
        unit: 'ms',
        peer: { name: 'reading all rows raw', value: raw },
        ratio: paint / raw,
        goal: null,
        reached: null,
      },
      {
        name: name('Heap per server'),
        value: heap / MB,
        unit: 'MB',
        peer: null,
        ratio: null,
        goal: count === 100 ? '≤ 3 MB' : null,
        reached: count === 100 ? heap / MB <= 3 : null,
      },
      {
        name: name('CPU while idle'),
        value: idleShare * 100,
        unit: '% of a core',
        peer: null,
        ratio: null,
        goal: count === 100 ? '< 2 %' : null,
        reached: count === 100 ? idleShare < 0.02 : null,
      },
      {
        name: name(`Catching up ${MISSED} missed events`),
        value: catchUp,
        unit: 'ms',
        peer: { name: 'bare socket and JSON.parse', value: bare },
        ratio: catchUp / bare,
        goal: null,
        reached: null,
      },
    ];
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function inClient<T>(mode: string, args: readonly string[]): Promise<T> {
  const { stdout } = await run(process.execPath, ['--expose-gc', here('client.js'), mode, ...args], {
    maxBuffer: 1 << 24,
  });
  const [line = '{}'] = stdout.trim().split('\n').slice(-1);
  return JSON.parse(line === '' ? '{}' : line) as T;
}

async function median(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < ROUNDS; round++) values.push(await measure());
  return values.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

/** The process that holds the servers. */
class Servers {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #said: AsyncIterator<string>;

  constructor(count: number) {
    this.#child = spawn(process.execPath, [here('servers.js'), String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#said = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ready(): Promise<readonly string[]> {
    const message = await this.#next();
    if (message.kind !== 'ready') throw new Error(`the servers said ${message.kind}`);
    return message.origins;
  }

  async write(messages: number): Promise<{ seq: number; tag: string }> {
    this.#order({ kind: 'write', messages });
    const message = await this.#next();
    if (message.kind !== 'written') throw new Error(`the servers said ${message.kind}`);
    return message.from;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#order({ kind: 'stop' });
    await ended;
  }

  #order(order: ToServers): void {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  async #next(): Promise<FromServers> {
    const line: IteratorResult<string, unknown> = await this.#said.next();
    if (line.done === true) throw new Error('the process with the servers ended');
    return JSON.parse(line.value) as FromServers;
  }
}
