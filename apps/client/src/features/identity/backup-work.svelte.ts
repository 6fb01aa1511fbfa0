import type { BackupInfo, KeysHandle } from '@skerry/core';
import { SkerryError } from '@skerry/protocol';
import { sentenceOf } from '../../state/failure.ts';
import { t } from '../../i18n/t-pages.ts';
import { SlowWork, type SlowRun } from './slow-work.svelte.ts';

/** A file above this is no backup of ours: they are kept in memory while they are read. */
const MAX_FILE_BYTES = 1_000_000_000;

/** What the last piece of work came to. */
export type BackupOutcome = { readonly good: boolean; readonly sentence: string };

/** The backups of one server: what there is, and one piece of work on it at a time. */
export class BackupWork {
  readonly work = new SlowWork();
  readonly #keys: KeysHandle;
  #info: BackupInfo | null | undefined = $state.raw();
  #infoFailed = $state(false);
  #doing: 'saving' | 'restoring' | undefined = $state();
  #outcome: BackupOutcome | undefined = $state.raw();

  constructor(keys: KeysHandle) {
    this.#keys = keys;
  }

  /** Undefined while it is not known, null for none. */
  get info(): BackupInfo | null | undefined {
    return this.#info;
  }
  get infoFailed(): boolean {
    return this.#infoFailed;
  }
  get doing(): 'saving' | 'restoring' | undefined {
    return this.#doing;
  }
  get outcome(): BackupOutcome | undefined {
    return this.#outcome;
  }

  async look(signal: AbortSignal): Promise<void> {
    this.#infoFailed = false;
    try {
      this.#info = await this.#keys.backupInfo(signal);
    } catch {
      this.#infoFailed = !signal.aborted;
    }
  }

  save(server: string): Promise<void> {
    return this.#run('saving', async (run) => {
      this.#info = await this.#keys.saveBackup(run);
      return t.identity.backup.saved(server);
    });
  }

  restore(): Promise<void> {
    return this.#run('restoring', async (run) => restoredWords((await this.#keys.restoreBackup(run)).records));
  }

  /** @returns the bytes of the file; undefined when it was stopped or failed */
  async toFile(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    let file: Uint8Array<ArrayBuffer> | undefined;
    await this.#run('saving', async (run) => {
      file = Uint8Array.from(await this.#keys.exportBackup(run));
      return undefined;
    });
    return file;
  }

  fromFile(file: File): Promise<void> {
    return this.#run('restoring', async (run) => {
      if (file.size > MAX_FILE_BYTES) throw new FileTooLarge();
      const bytes = new Uint8Array(await file.arrayBuffer());
      return restoredWords((await this.#keys.importBackup(bytes, run)).records);
    });
  }

  drop(): Promise<void> {
    return this.#run('saving', async () => {
      await this.#keys.dropBackup();
      this.#info = null;
      return t.identity.backup.dropped;
    });
  }

  async #run(doing: 'saving' | 'restoring', work: (run: SlowRun) => Promise<string | undefined>): Promise<void> {
    this.#doing = doing;
    this.#outcome = undefined;
    try {
      let stopped = true;
      const said = await this.work.do(async (run) => {
        const sentence = await work(run);
        stopped = false;
        return sentence;
      });
      if (stopped) this.#outcome = { good: true, sentence: t.identity.backup.cancelled };
      else if (said !== undefined) this.#outcome = { good: true, sentence: said };
    } catch (error) {
      this.#outcome = { good: false, sentence: backupSentence(error) };
    } finally {
      this.#doing = undefined;
    }
  }
}

class FileTooLarge extends Error {}

function restoredWords(records: number): string {
  return records === 0 ? t.identity.backup.nothingNew : t.identity.backup.restored(records);
}

/** Why a backup could not be made or read, in words about backups. */
function backupSentence(error: unknown): string {
  const says = t.identity.backup;
  if (error instanceof FileTooLarge) return says.tooLargeFile;
  if (!(error instanceof SkerryError)) return sentenceOf(error);
  switch (error.code) {
    case 'not_found':
      return says.notHere;
    case 'bad_request':
      return says.notYours;
    case 'too_large':
    case 'limit_reached':
      return says.tooLarge;
    default:
      return sentenceOf(error);
  }
}
