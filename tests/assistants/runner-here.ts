import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { argumentsOf, type Places, type RunnerUnderTest, type Said, saysOf } from './runner-under-test.ts';

/** What is used of the built runner; its program does the same with what stands on its command line. */
type Parts = {
  runRunner(config: unknown, outside: { say(event: Said): void; log: unknown; stop: AbortSignal }): Promise<void>;
  parseConfig(argv: readonly string[]): unknown;
  createLog(sink: { write(line: string): void }): unknown;
};

const resolve = createRequire(import.meta.url).resolve;
const load = async (file: string): Promise<Parts> =>
  (await import(pathToFileURL(resolve(`@skerry/assistant-runner/dist/${file}.js`)).href)) as Parts;

/** The built runner within this process: all that it is but a process, so that none has to be started. */
export class RunnerHere implements RunnerUnderTest {
  readonly data: string;
  readonly #args: readonly string[];
  #stop = new AbortController();
  #ended: Promise<number | null> = Promise.resolve(null);
  said: Said[] = [];
  log = '';

  private constructor(data: string, args: readonly string[]) {
    this.data = data;
    this.#args = args;
  }

  static async prepare(options: Places): Promise<RunnerHere> {
    const data = await mkdtemp(path.join(tmpdir(), 'skerry-runner-'));
    return new RunnerHere(data, argumentsOf({ ...options, data }));
  }

  start(): void {
    this.#stop = new AbortController();
    this.#ended = this.#run(this.#stop.signal);
  }

  async begin(): Promise<{ publicKey: string; boxKey: string }> {
    this.start();
    const { publicKey, boxKey } = await this.says('keys');
    return { publicKey: String(publicKey), boxKey: String(boxKey) };
  }

  says(event: string): Promise<Said> {
    return saysOf(this, event);
  }

  get ended(): Promise<number | null> {
    return this.#ended;
  }

  async stop(): Promise<number | null> {
    this.#stop.abort();
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  async #run(stop: AbortSignal): Promise<number> {
    const [{ runRunner }, { parseConfig }, { createLog }] = await Promise.all([
      load('runner'),
      load('config'),
      load('log'),
    ]);
    try {
      const log = createLog({ write: (line) => (this.log += line) });
      await runRunner(parseConfig(this.#args), { say: (event) => this.said.push(event), log, stop });
      return 0;
    } catch {
      return 1;
    }
  }
}
