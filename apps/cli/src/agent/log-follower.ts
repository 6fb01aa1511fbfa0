import { type FileHandle, open } from 'node:fs/promises';
import type { Line } from '../runs/run-entry.ts';

const NEW_LINE = 0x0a;
/** Bytes that are read at once; a longer line takes more. */
const PART = 256 * 1024;

/** Reads a run's log while another, or this, process writes it. */
export class LogFollower {
  readonly #path: string;
  /** Bytes of whole lines that were read; nothing else is remembered, since a half line may be taken away again. */
  #offset = 0;

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
      for (let size = PART; ;) {
        const part = Buffer.alloc(size);
        const { bytesRead } = await file.read(part, 0, size, this.#offset);
        const whole = part.subarray(0, bytesRead).lastIndexOf(NEW_LINE) + 1;
        lines.push(...parsed(part.subarray(0, whole)));
        this.#offset += whole;
        if (bytesRead < size) return lines;
        if (whole === 0) size *= 2;
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
