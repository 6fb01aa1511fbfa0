import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { ReportedAction, SeenMessage } from '@skerry/protocol';
import { readIfThere, replaceFile } from './files.ts';

/** An answer that is to be sent, or may have been. */
export type Send = {
  readonly id: string;
  readonly accountId: string;
  readonly guildId: string;
  readonly channelId: string;
  readonly channelName: string;
  /** The message that is answered. */
  readonly replyTo: string;
  /** Discord makes one message of one nonce. */
  readonly nonce: string;
  readonly text: string;
  readonly context: readonly SeenMessage[];
  /** Unix milliseconds. */
  readonly at: number;
};
export type Place = { readonly accountId: string; readonly guildId: string };

type Entry =
  | ({ readonly t: 'seen'; readonly n: number } & Place)
  | ({ readonly t: 'count'; readonly id: string; readonly n: number; readonly at: number } & Place)
  | { readonly t: 'send'; readonly send: Send }
  | { readonly t: 'settled'; readonly id: string; readonly messageId: string | null; readonly at: number }
  | { readonly t: 'told'; readonly ids: readonly string[] };

const FILE = 'journal.jsonl';
const COMPACT_BYTES = 4 * 1024 * 1024;

/**
 * What is not yet known to the server: messages seen, answers under way, reports to make. Each change is a line at the
 * end of one file before it is acted on, so a runner that dies at any moment finds it there. It holds texts, in the
 * runner's own folder, until the server has them.
 */
export class Journal implements Disposable {
  readonly #file: string;
  #handle = -1;
  #bytes = 0;
  readonly #seen = new Map<string, Place & { n: number }>();
  readonly #sends = new Map<string, Send>();
  readonly #reports = new Map<string, ReportedAction>();

  private constructor(file: string) {
    this.#file = file;
  }

  /** A last line that was cut off by a crash was never acted on and is dropped. */
  static open(folder: string): Journal {
    const journal = new Journal(path.join(folder, FILE));
    const text = readIfThere(journal.#file) ?? '';
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
      const entry = parse(line);
      if (entry !== null) journal.#apply(entry);
    }
    journal.#compact();
    return journal;
  }

  /** Sends whose outcome is not known. */
  get unsettled(): readonly Send[] {
    return [...this.#sends.values()];
  }

  get reports(): readonly ReportedAction[] {
    return [...this.#reports.values()];
  }

  /** A person wrote something. It outlives this process, and is on disk once it is counted. */
  seen(place: Place): void {
    this.#append({ t: 'seen', n: 1, accountId: place.accountId, guildId: place.guildId }, false);
  }

  /** Makes one report of what was seen in each guild. @param newId a fresh uuid each time */
  count(at: number, newId: () => string): void {
    const all = [...this.#seen.values()];
    all.forEach(({ accountId, guildId, n }, index) =>
      this.#append({ t: 'count', id: newId(), accountId, guildId, n, at }, index === all.length - 1),
    );
  }

  /** On disk when this returns; only then may it be sent. @throws Error when the disk takes nothing */
  begin(send: Send): void {
    this.#append({ t: 'send', send }, true);
  }

  /** @param messageId of the message that it became; null when it became none */
  settle(id: string, messageId: string | null, at: number): void {
    this.#append({ t: 'settled', id, messageId, at }, true);
  }

  /** The server has counted these. */
  told(ids: readonly string[]): void {
    this.#append({ t: 'told', ids }, false);
    if (this.#bytes > COMPACT_BYTES) this.#compact();
  }

  [Symbol.dispose](): void {
    if (this.#handle >= 0) closeSync(this.#handle);
    this.#handle = -1;
  }

  #append(entry: Entry, isDurable: boolean): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    writeSync(this.#handle, line);
    if (isDurable) fsyncSync(this.#handle);
    this.#bytes += line.length;
    this.#apply(entry);
  }

  #apply(entry: Entry): void {
    switch (entry.t) {
      case 'seen': {
        const { accountId, guildId, n } = entry;
        this.#addSeen({ accountId, guildId }, n);
        return;
      }
      case 'count': {
        const { id, accountId, guildId, n, at } = entry;
        this.#addSeen({ accountId, guildId }, -n);
        const account = accountId as ReportedAction['accountId'];
        this.#reports.set(id, { kind: 'received', id, accountId: account, guildId, count: n, at });
        return;
      }
      case 'send':
        this.#sends.set(entry.send.id, entry.send);
        return;
      case 'settled': {
        const send = this.#sends.get(entry.id);
        if (send === undefined) return;
        this.#sends.delete(entry.id);
        const { id, guildId, channelId, channelName, text, context } = send;
        const { messageId, at } = entry;
        this.#reports.set(id, {
          kind: messageId === null ? 'failed' : 'sent',
          id,
          accountId: send.accountId as ReportedAction['accountId'],
          guildId,
          channelId,
          channelName,
          messageId,
          text,
          context: [...context],
          at,
        });
        return;
      }
      case 'told':
        for (const id of entry.ids) this.#reports.delete(id);
    }
  }

  #addSeen(place: Place, n: number): void {
    const key = `${place.accountId} ${place.guildId}`;
    const sum = (this.#seen.get(key)?.n ?? 0) + n;
    if (sum > 0) this.#seen.set(key, { ...place, n: sum });
    else this.#seen.delete(key);
  }

  /** Begins the file anew with what still counts. */
  #compact(): void {
    const entries: Entry[] = [...this.#seen.values()].map((seen) => ({ t: 'seen', ...seen }));
    for (const send of this.#sends.values()) entries.push({ t: 'send', send });
    for (const report of this.#reports.values()) {
      const { id, accountId, guildId, at } = report;
      if (report.kind === 'received') {
        const place = { accountId, guildId };
        entries.push({ t: 'seen', n: report.count, ...place }, { t: 'count', id, n: report.count, at, ...place });
      } else {
        const { channelId, channelName, messageId, text, context } = report;
        const about = { id, accountId, guildId, channelId, channelName, text, context, at, replyTo: '', nonce: '' };
        entries.push({ t: 'send', send: about }, { t: 'settled', id, messageId, at });
      }
    }
    this[Symbol.dispose]();
    const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    replaceFile(this.#file, text);
    this.#handle = openSync(this.#file, 'a', 0o600);
    this.#bytes = Buffer.byteLength(text);
  }
}

function parse(line: string): Entry | null {
  try {
    return line === '' ? null : (JSON.parse(line) as Entry);
  } catch {
    return null;
  }
}
