import { type FileHandle, open } from 'node:fs/promises';
import type { Line } from '../runs/run-entry.ts';

const NEW_LINE = 0x0a;
const PART = 1024 * 1024;

/** Reads a run's log while another, or this, process writes it. */
export class LogFollower {
  readonly #path: string;
  /** Bytes of whole lines that were read. */
  #offset = 0;
  /** The start of a line whose end is not there yet. */
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  get bytes(): number {
    return this.#offset;
  }

  /** The lines that came since. One that is not whole yet is left for the next time. */
  async next(): Promise<readonly Line[]> {
    let file: FileHandle;
    try {
      file = await open(this.#path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    try {
      const lines: Line[] = [];
      const part = Buffer.alloc(PART);
      const { size } = await file.stat();
      // What was half written when its writer died was taken away since.
      if (size < this.#offset + this.#rest.length) this.#rest = Buffer.alloc(0);
      for (;;) {
        const { bytesRead } = await file.read(part, 0, PART, this.#offset + this.#rest.length);
        if (bytesRead === 0) return lines;
        const bytes = Buffer.concat([this.#rest, part.subarray(0, bytesRead)]);
        const whole = bytes.lastIndexOf(NEW_LINE) + 1;
        this.#rest = Buffer.from(bytes.subarray(whole));
        this.#offset += whole;
        if (whole > 0) lines.push(...parsed(bytes.subarray(0, whole)));
      }
    } finally {
      await file.close();
    }
  }
}

function parsed(bytes: Buffer): Line[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
