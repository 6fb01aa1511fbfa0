import type { ChildState } from './child-server.ts';

type Output = { write(text: string): unknown; readonly isTTY?: boolean };
export type Shown = { readonly key: string; readonly name: string; readonly state: ChildState };

const CLEAR = '\r\u001b[2K';
const MARKS: Readonly<Record<ChildState, string>> = { running: '●', stopped: '○', starting: '◌', stopping: '◌' };

/** The last line of the terminal: which servers run, and which keys do what. Says nothing where there is no terminal. */
export class StatusLine {
  readonly #output: Output;
  readonly #servers: () => readonly Shown[];
  #isShown = false;

  constructor(output: Output, servers: () => readonly Shown[]) {
    this.#output = output;
    this.#servers = servers;
  }

  show(): void {
    this.#isShown = true;
    this.update();
  }

  update(): void {
    if (this.#isShown && this.#output.isTTY === true) this.#output.write(CLEAR + describe(this.#servers()));
  }

  /** Prints a whole line above the status. */
  say(line: string): void {
    const isLive = this.#isShown && this.#output.isTTY === true;
    this.#output.write(`${isLive ? CLEAR : ''}${line}\n`);
    if (isLive) this.update();
  }

  hide(): void {
    if (this.#isShown && this.#output.isTTY === true) this.#output.write(CLEAR);
    this.#isShown = false;
  }
}

export function describe(servers: readonly Shown[]): string {
  const parts = servers.map(({ key, name, state }) =>
    `${MARKS[state]} ${name} ${state}  ${offer(key, state)}`.trimEnd(),
  );
  return ` ${parts.join('    ')}    [q] quit`;
}

/** What the key would do now; nothing while something is under way. */
function offer(key: string, state: ChildState): string {
  if (state === 'running') return `[${key}] stop`;
  return state === 'stopped' ? `[${key}] start` : '';
}
