import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const START_MS = 30_000;

/** WebKitGTK on a display of its own, driven by the W3C WebDriver protocol. The run found its parts. */
export class Webkit implements AsyncDisposable {
  readonly #programs: ChildProcess[] = [];
  #session = '';
  #origin = '';

  /** @throws Error when it does not come up */
  static async start(): Promise<Webkit> {
    const { driver, browser, display } = JSON.parse(process.env['WEBKIT'] ?? '{}') as Record<string, string>;
    if (driver === undefined || browser === undefined || display === undefined) throw new Error('no WebKitGTK found');
    const webkit = new Webkit();
    try {
      const screen = `:${100 + (process.pid % 400)}`;
      webkit.#run(display, [screen, '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {});
      const port = await freePort();
      webkit.#origin = `http://127.0.0.1:${port}`;
      webkit.#run(driver, [`--port=${port}`, '--host=127.0.0.1'], { DISPLAY: screen });
      await webkit.#open(browser);
      return webkit;
    } catch (error) {
      await webkit[Symbol.asyncDispose]();
      throw error;
    }
  }

  async goTo(url: string): Promise<void> {
    await this.#call('POST', `/session/${this.#session}/url`, { url });
  }

  /** What the text, the body of a function, returns in the page. */
  async evaluate<T>(script: string): Promise<T> {
    return (await this.#call('POST', `/session/${this.#session}/execute/sync`, { script, args: [] })) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#session !== '') await this.#call('DELETE', `/session/${this.#session}`).catch(() => undefined);
    for (const program of this.#programs.toReversed()) {
      if (program.exitCode !== null || program.signalCode !== null) continue;
      program.kill('SIGKILL');
      await once(program, 'exit');
    }
  }

  #run(program: string, args: readonly string[], env: Record<string, string>): void {
    this.#programs.push(spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...env } }));
  }

  /** The driver needs a moment before it listens, and the display before anything can be shown on it. */
  async #open(binary: string): Promise<void> {
    const options = { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } };
    for (const from = Date.now(); ;) {
      try {
        const made = await this.#call('POST', '/session', { capabilities: { alwaysMatch: options } });
        this.#session = (made as { sessionId: string }).sessionId;
        return;
      } catch (error) {
        if (Date.now() - from > START_MS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(this.#origin + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const { value } = (await answer.json()) as { value: unknown };
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(value)}`);
    return value;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
