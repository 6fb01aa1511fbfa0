import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { launchWithProfile } from './browser.ts';

/** A Chromium with a profile on disk that can be killed outright, all of its processes, and started again. */
export class MortalBrowser implements AsyncDisposable {
  readonly #folder: string;
  #context: BrowserContext | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<MortalBrowser> {
    return new MortalBrowser(await mkdtemp(path.join(tmpdir(), 'skerry-profile-')));
  }

  async start(): Promise<BrowserContext> {
    const context = await launchWithProfile(this.#folder);
    this.#context = context;
    context.once('close', () => {
      if (this.#context === context) this.#context = undefined;
    });
    return context;
  }

  /** What a power cut is to a program: nothing is written any more, nobody is told. */
  async kill(): Promise<void> {
    const context = this.#context;
    this.#context = undefined;
    if (context === undefined) return;
    const closed = new Promise<void>((resolve) => context.once('close', () => resolve()));
    for (const pid of await processesOf(this.#folder)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone already, with its parent.
      }
    }
    await closed;
  }

  async stop(): Promise<void> {
    await this.#context?.close();
    this.#context = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** The processes that were started with this very profile. Reads /proc, so only Linux has an answer. */
async function processesOf(profile: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(`--user-data-dir=${profile}\0`)) found.push(Number(name));
  }
  return found;
}
