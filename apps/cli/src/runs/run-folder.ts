import { createHash } from 'node:crypto';
import { constants, realpathSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '@skerry/server/command-line';

/** Bytes of a file that an agent may read or write at once. */
const MOST_BYTES = 10 * 1024 * 1024;

/** Why a file is not read or written. The message is a sentence that names the path as it was asked for. */
export class RefusedPathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RefusedPathError';
  }
}

/**
 * The one folder whose files an agent is given. A path counts by where it really leads: `..` and symbolic links that lead
 * out of the folder are refused.
 */
export class RunFolder {
  /** The folder itself, without symbolic links. */
  readonly root: string;

  /** @throws StartError when there is no such folder */
  constructor(folder: string) {
    try {
      this.root = realpathSync(folder);
    } catch (cause) {
      throw new StartError(`There is no folder ${folder}.`, cause);
    }
  }

  /**
   * A folder inside, where a command is to run.
   * @throws RefusedPathError
   */
  async folderAt(asked: string): Promise<string> {
    const real = await this.resolve(asked);
    if (!(await lstat(real).catch(() => undefined))?.isDirectory())
      throw new RefusedPathError(`${asked} is not a folder.`);
    return real;
  }

  /**
   * @param asked an absolute path
   * @returns the text, or `null` when there is no such file
   * @throws RefusedPathError for a path that leads out, what is not a file of text, and more than 10 MiB
   */
  async read(asked: string): Promise<string | null> {
    const real = await this.resolve(asked);
    let file: FileHandle;
    try {
      file = await open(real, constants.O_RDONLY | noFollow() | noWait());
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new RefusedPathError(`${asked} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}).`);
    }
    try {
      await this.#sameFile(file, { asked, real });
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.readFile());
    } catch (cause) {
      if (cause instanceof TypeError) throw new RefusedPathError(`${asked} is not a text in UTF-8.`);
      throw cause;
    } finally {
      await file.close();
    }
  }

  /**
   * Replaces a file, or makes it together with the folders it is in.
   * @returns SHA-256 of what was written, base64url
   * @throws RefusedPathError as {@link RunFolder.read}
   */
  async write(asked: string, text: string): Promise<{ readonly bytes: number; readonly digest: string }> {
    const content = Buffer.from(text);
    if (content.length > MOST_BYTES) throw new RefusedPathError(`${asked} would be larger than 10 MiB.`);
    const real = await this.resolve(asked);
    await mkdir(path.dirname(real), { recursive: true });
    let file: FileHandle;
    try {
      // Not truncated before it is known which file this is.
      file = await open(real, constants.O_WRONLY | constants.O_CREAT | noFollow() | noWait());
    } catch (cause) {
      throw new RefusedPathError(`${asked} cannot be written (${(cause as NodeJS.ErrnoException).code ?? 'unknown'}).`);
    }
    try {
      await this.#sameFile(file, { asked, real });
      await file.truncate();
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    return { bytes: content.length, digest: createHash('sha256').update(content).digest('base64url') };
  }

  /** Where a path really leads; of one that is not there yet, where it would. @throws RefusedPathError */
  async resolve(asked: string): Promise<string> {
    if (asked.includes('\0')) throw new RefusedPathError('A path cannot hold a zero byte.');
    if (!path.isAbsolute(asked)) throw new RefusedPathError(`${asked} is not an absolute path.`);
    const wanted = path.normalize(asked);
    const missing: string[] = [];
    for (let at = wanted; ; at = path.dirname(at)) {
      const there = await realOf(at, asked);
      if (there !== undefined) return this.#inside(path.join(there, ...missing), asked);
      missing.unshift(path.basename(at));
    }
  }

  #inside(real: string, asked: string): string {
    const within = path.relative(this.root, real);
    if (within === '..' || within.startsWith(`..${path.sep}`) || path.isAbsolute(within))
      throw new RefusedPathError(`${asked} is outside the folder of this run.`);
    return real;
  }

  /** What was opened is a file, and the one the path led to: nobody swapped a folder for a link in between. */
  async #sameFile(file: FileHandle, { asked, real }: { asked: string; real: string }): Promise<void> {
    const [opened, now] = await Promise.all([file.stat(), lstat(real)]);
    if (!opened.isFile()) throw new RefusedPathError(`${asked} is not a file.`);
    if (opened.size > MOST_BYTES) throw new RefusedPathError(`${asked} is larger than 10 MiB.`);
    if (opened.ino !== now.ino || opened.dev !== now.dev || (await realpath(real)) !== real)
      throw new RefusedPathError(`${asked} changed while it was opened.`);
  }
}

/** @returns undefined when nothing is there. @throws RefusedPathError for a link that leads nowhere, or in a circle */
async function realOf(at: string, asked: string): Promise<string | undefined> {
  try {
    return await realpath(at);
  } catch (cause) {
    const isThere = (await lstat(at).catch(() => undefined)) !== undefined;
    if (isThere || (cause as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new RefusedPathError(`${asked} leads nowhere.`);
    return undefined;
  }
}

/** Windows knows neither of them. */
const noFollow = () => (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
const noWait = () => (constants as { O_NONBLOCK?: number }).O_NONBLOCK ?? 0;
