import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const SKERRY = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
export const AGENT = fileURLToPath(new URL('../dist/agents/plain-agent.js', import.meta.url));

/** An entry of a run's log as `skerry run --json` says it, or what it says was wrong with a line. */
export type Spoken = {
  readonly n: number;
  readonly id: string;
  readonly error?: string;
  readonly entry: { readonly kind: string; readonly [field: string]: unknown };
};

export type Asked = {
  readonly id: string;
  readonly subject: { readonly kind: string; readonly [field: string]: unknown };
  readonly choices: readonly { readonly optionId: string; readonly name: string }[];
};

/** `skerry run --json` as a process, driven by its lines. */
export class JsonRun implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly lines: Spoken[] = [];
  readonly ended: Promise<number | null>;
  err = '';

  constructor({
    config,
    flags,
    agent = [process.execPath, AGENT],
  }: {
    config: string;
    flags: string[];
    agent?: string[];
  }) {
    const own = agent.length === 0 ? [] : ['--', ...agent];
    this.child = spawn(process.execPath, [SKERRY, 'run', '--json', '--config', config, ...flags, ...own], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PLAIN_AGENT_STATE: `${config}-agent` },
    });
    this.child.stderr?.on('data', (part: Buffer) => (this.err += part.toString()));
    if (this.child.stdout === null) throw new Error('it has no output');
    createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(JSON.parse(line) as Spoken));
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  say(line: object): void {
    this.child.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  /** Waits for an entry that fits, from the given place on. */
  async find(fits: (line: Spoken) => boolean, from = 0): Promise<Spoken> {
    for (;;) {
      const found = this.lines.slice(from).find(fits);
      if (found !== undefined) return found;
      const isOver = await Promise.race([
        this.ended.then(() => true),
        new Promise<false>((resolve) => setTimeout(() => resolve(false), 10)),
      ]);
      if (isOver && !this.lines.slice(from).some(fits))
        throw new Error(`it ended without that: ${JSON.stringify(this.lines)} ${this.err}`);
    }
  }

  kind(kind: string, from = 0): Promise<Spoken> {
    return this.find((line) => line.entry?.kind === kind, from);
  }

  /** Says something to the agent and answers what is asked, in order. @returns the entries of this turn */
  async turn(prompt: string, choices: readonly string[] = []): Promise<Spoken[]> {
    await this.kind('begun');
    const from = this.lines.length;
    this.say({ prompt });
    let at = from;
    for (const choice of choices) {
      const asked = await this.kind('asked', at);
      at = this.lines.indexOf(asked) + 1;
      this.say({ answer: { ask: (asked.entry['ask'] as Asked).id, choice } });
    }
    const end = await this.kind('turn', from);
    return this.lines.slice(from, this.lines.indexOf(end) + 1);
  }

  async close(): Promise<number | null> {
    this.child.stdin?.end();
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** What the agent said in these entries. */
export function saidIn(lines: readonly Spoken[]): string {
  return lines
    .map(({ entry }) => entry?.['update'] as { sessionUpdate: string; content?: { text?: string } } | undefined)
    .map((update) => (update?.sessionUpdate === 'agent_message_chunk' ? (update.content?.text ?? '') : ''))
    .join('');
}

export const kindsOf = (lines: readonly Spoken[]): string[] => lines.map(({ entry }) => entry.kind);
