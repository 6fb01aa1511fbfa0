import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { StartError } from '@skerry/server/command-line';
import type { Line, RunEntry } from './run-entry.ts';

const NEW_LINE = 0x0a;

/**
 * The log of a run: one JSON line per entry, only ever added to. What {@link RunLog.append} resolved for is on the disk,
 * whatever happens to this process or the machine afterwards.
 */
export class RunLog implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #now: () => number;
  #last: number;
  #waiting: { line: string; done: (error?: Error) => void }[] = [];
  #writing: Promise<void> | undefined;
  #broken: Error | undefined;

  private constructor(file: FileHandle, last: number, now: () => number) {
    this.#file = file;
    this.#last = last;
    this.#now = now;
  }

  /**
   * Opens a log, or begins one. An entry that was being written when the machine stopped is taken away.
   * @param now milliseconds since 1970
   * @throws StartError when what is there is not a log
   */
  static async open(
    path: string,
    now: () => number,
  ): Promise<{ readonly log: RunLog; readonly lines: readonly Line[] }> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o600);
    try {
      const bytes = await file.readFile();
      const whole = bytes.lastIndexOf(NEW_LINE) + 1;
      const lines = parseLines(bytes.subarray(0, whole), path);
      if (whole < bytes.length) await file.truncate(whole);
      await file.datasync();
      return { log: new RunLog(file, lines.length, now), lines };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Resolves once the entry is on the disk. What is appended while the disk is busy goes there together. */
  append(entry: RunEntry): Promise<Line> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const line: Line = { n: ++this.#last, id: randomUUID(), at: this.#now(), entry };
    return new Promise((resolve, reject) => {
      const done = (error?: Error) => (error === undefined ? resolve(line) : reject(error));
      this.#waiting.push({ line: `${JSON.stringify(line)}\n`, done });
      this.#writing ??= this.#write();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        if (this.#broken !== undefined) throw this.#broken;
        await this.#file.appendFile(group.map(({ line }) => line).join(''));
        await this.#file.datasync();
        for (const { done } of group) done();
      } catch (cause) {
        // Part of the group may be there: nothing may follow it until the log is opened again.
        this.#broken ??= new StartError('The log of this run cannot be written any more.', cause);
        for (const { done } of group) done(this.#broken);
      }
    }
    this.#writing = undefined;
  }
}

/** What a log holds, without opening it for writing. @throws StartError when it is not a log */
export async function readRunLog(path: string): Promise<readonly Line[]> {
  const bytes = await readFile(path);
  return parseLines(bytes.subarray(0, bytes.lastIndexOf(NEW_LINE) + 1), path);
}

function parseLines(bytes: Buffer, path: string): readonly Line[] {
  const text = bytes.toString('utf8');
  if (text === '') return [];
  return text
    .slice(0, -1)
    .split('\n')
    .map((json, at) => {
      const line = parseLine(json);
      if (line?.n !== at + 1) throw new StartError(`The log ${path} is damaged at line ${at + 1}.`);
      return line;
    });
}

function parseLine(json: string): Line | undefined {
  try {
    return JSON.parse(json) as Line;
  } catch {
    return undefined;
  }
}
