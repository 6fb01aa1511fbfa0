import { type Run, type RunEntry, SkerryError } from '@skerry/protocol';
import { abortReason } from '../abort.ts';
import { LocalError } from '../errors.ts';
import type { Subscribable } from '../subscribable.ts';
import { derived, Value } from '../value.ts';
import type { Calls } from './calls.ts';
import type { MachineDeps } from './deps.ts';
import type { RunEntryView, RunHandle, RunView, TranscriptView } from './face.ts';
import type { Reader } from './reader.ts';

type Deps = MachineDeps & { readonly calls: Calls; readonly reader: Reader };
type Of = {
  readonly id: string;
  readonly row: () => Run | undefined;
  /** The number of the last entry there is, as far as the server told. */
  readonly head: () => number;
  readonly view: () => RunView | undefined;
  /** Told when any of these may be another one. */
  readonly changes: Subscribable<unknown>;
  /** A run that no snapshot named was found by its id. */
  readonly found: (run: Run) => void;
  readonly over: () => void;
};

const PAGE = 100;
/** So many entries are held; those before are loaded again by whoever goes back. */
const MOST = 20_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

const EMPTY: TranscriptView = { entries: [], hasOlder: false, loading: true, live: false, ended: null };

/** One run while it is looked at. Its entries come in pages, from the newest back and then as they are written. */
export class ServerRun implements RunHandle {
  readonly #deps: Deps;
  readonly #of: Of;
  readonly #transcript = new Value<TranscriptView>(EMPTY);
  readonly #controller = new AbortController();
  readonly #leave: () => void;
  readonly run: Subscribable<RunView | undefined>;
  #entries: readonly RunEntry[] = [];
  /** Of the entries, in their order: null while or because it can't be read. */
  readonly #lines = new Map<string, RunEntryView>();
  #readWith = -1;
  /** Entries or lines are others than those shown. */
  #isChanged = false;
  #hasBegun = false;
  #isFollowing = false;
  #isOlder = false;
  #hasOlder = false;
  #failures = 0;
  #cancelRetry: () => void = () => undefined;
  #ended: TranscriptView['ended'] = null;

  constructor(deps: Deps, of: Of) {
    this.#deps = deps;
    this.#of = of;
    this.run = derived([of.changes], () => of.view());
    const abort = (): void => this[Symbol.dispose]();
    deps.signal.addEventListener('abort', abort);
    this.#leave = () => deps.signal.removeEventListener('abort', abort);
    this.look();
  }

  get transcript(): Subscribable<TranscriptView> {
    return this.#transcript;
  }

  /** Something was told; maybe of this run. */
  look(): void {
    if (this.#controller.signal.aborted) return;
    const row = this.#of.row();
    if (row?.erased === true) return this.#end('erased');
    if (this.#readWith !== this.#deps.reader.version) void this.#readAgain();
    this.#show();
    if (this.#ended === null && this.#deps.live.get() && this.#isBehind()) void this.#follow();
  }

  async loadOlder(): Promise<void> {
    const first = this.#entries[0];
    if (first === undefined || !this.#hasOlder || this.#isOlder || this.#ended !== null) return;
    this.#isOlder = true;
    this.#show();
    try {
      const before = first.n;
      const { entries } = await this.#page({ before, limit: PAGE });
      if (this.#ended !== null || this.#entries[0]?.n !== before) return;
      const page = gapless(entries.filter(({ n }) => n < before));
      if (page.at(-1)?.n !== before - 1)
        throw new LocalError('unavailable', 'The server left out entries of this run.');
      const { version } = this.#deps.reader;
      await this.#read(page);
      if (this.#entries[0]?.n !== before) return;
      this.#entries = [...page, ...this.#entries];
      this.#isChanged = true;
      if (this.#deps.reader.version !== version) await this.#readAgain();
      this.#hasOlder = (page[0]?.n ?? 1) > 1;
    } finally {
      this.#isOlder = false;
      this.#show();
    }
  }

  prompt(text: string): Promise<void> {
    return this.#call({ do: 'prompt', run: this.#of.id, text });
  }
  cancel(): Promise<void> {
    return this.#call({ do: 'cancel', run: this.#of.id });
  }
  setMode(mode: string): Promise<void> {
    return this.#call({ do: 'mode', run: this.#of.id, mode });
  }
  end(): Promise<void> {
    return this.#call({ do: 'end', run: this.#of.id });
  }
  resume(): Promise<void> {
    return this.#call({ do: 'resume', run: this.#of.id });
  }

  [Symbol.dispose](): void {
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(new Error('disposed'));
    this.#cancelRetry();
    this.#leave();
    this.#of.over();
  }

  async #call(wish: Parameters<Calls['call']>[1]): Promise<void> {
    const row = this.#of.row() ?? (await this.#find());
    // Whoever stops looking at a run has not taken back what they said to it.
    const reply = await this.#deps.calls.call(row.machine, wish, this.#deps.signal);
    if (reply.did !== 'yes') throw new LocalError('unavailable', 'The machine answered something else.');
  }

  async #find(): Promise<Run> {
    const run = await this.#deps.api.call('run', { params: { runId: this.#of.id }, signal: this.#deps.signal });
    if (run.id !== this.#of.id) throw new LocalError('unavailable', 'The server answered for another run.');
    this.#of.found(run);
    return run;
  }

  #isBehind(): boolean {
    return !this.#hasBegun || this.#of.head() > (this.#entries.at(-1)?.n ?? 0);
  }

  /** Takes the transcript up to its head, page by page; one at a time, and again later where it fails. */
  async #follow(): Promise<void> {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    this.#cancelRetry();
    const { signal } = this.#controller;
    try {
      if (this.#of.row() === undefined) await this.#find();
      while (!signal.aborted && this.#ended === null && this.#deps.live.get() && this.#isBehind()) {
        const last = this.#entries.at(-1)?.n;
        const isFirst = !this.#hasBegun || last === undefined;
        const page = await this.#page(isFirst ? { limit: PAGE } : { after: last, limit: PAGE });
        const entries = gapless(page.entries.filter(({ n }) => last === undefined || n > last));
        const isWhole = entries.length === 0 || last === undefined || entries[0]?.n === last + 1;
        if (!isWhole) throw new LocalError('unavailable', 'The server left out entries of this run.');
        const { version } = this.#deps.reader;
        await this.#read(entries);
        this.#entries = this.#newest([...this.#entries, ...entries]);
        this.#isChanged = true;
        // Keys that came while these were read did not find them among the entries.
        if (this.#deps.reader.version !== version) await this.#readAgain();
        this.#hasBegun = true;
        this.#hasOlder = (this.#entries[0]?.n ?? 1) > 1;
        this.#show();
        // A server that speaks of more than it hands out is asked again when it speaks of more again.
        if (entries.length === 0) break;
      }
      this.#failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SkerryError && error.code === 'not_found') return this.#end('gone');
      const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 8));
      this.#cancelRetry = this.#deps.platform.clock.after(wait, () => this.look());
    } finally {
      this.#isFollowing = false;
      this.#show();
    }
  }

  async #page(query: { after?: number; before?: number; limit: number }): Promise<{ entries: readonly RunEntry[] }> {
    const { signal } = this.#controller;
    const page = await this.#deps.api.call('runEntries', { params: { runId: this.#of.id }, query, signal });
    if (signal.aborted) throw abortReason(signal);
    return page;
  }

  /** An id is one entry for good: what a server repeats under another number is not read twice. */
  async #read(entries: readonly RunEntry[]): Promise<void> {
    const machine = this.#of.row()?.machine;
    if (machine === undefined) return;
    for (const entry of entries) {
      const before = this.#lines.get(entry.id);
      if (before !== undefined && (before.n !== entry.n || before.line !== null)) continue;
      const line = await this.#deps.reader.line({ id: this.#of.id, machine }, entry);
      this.#lines.set(entry.id, { n: entry.n, id: entry.id, line });
      this.#isChanged = true;
    }
  }

  /** Keys came: what could not be read is tried again. */
  async #readAgain(): Promise<void> {
    this.#readWith = this.#deps.reader.version;
    if (this.#entries.some(({ id }) => this.#lines.get(id)?.line === null)) {
      await this.#read(this.#entries);
      this.#show();
    }
  }

  #view({ n, id }: RunEntry): RunEntryView {
    const read = this.#lines.get(id);
    return read?.n === n ? read : { n, id, line: null };
  }

  #newest(entries: readonly RunEntry[]): readonly RunEntry[] {
    if (entries.length <= MOST) return entries;
    for (const { id } of entries.slice(0, -MOST)) this.#lines.delete(id);
    return entries.slice(-MOST);
  }

  #end(why: 'erased' | 'gone'): void {
    this.#ended = why;
    this.#entries = [];
    this.#lines.clear();
    this.#isChanged = true;
    this.#hasOlder = false;
    this.#show();
  }

  #show(): void {
    const { signal } = this.#controller;
    if (signal.aborted) return;
    const isLive = this.#deps.live.get() && this.#hasBegun && this.#failures === 0;
    const before = this.#transcript.get();
    const isSame = !this.#isChanged;
    this.#isChanged = false;
    const next: TranscriptView = {
      entries: isSame ? before.entries : this.#entries.map((entry) => this.#view(entry)),
      hasOlder: this.#hasOlder,
      loading: this.#ended === null && (this.#isOlder || !this.#hasBegun),
      live: isLive && this.#ended === null,
      ended: this.#ended,
    };
    const isAll =
      isSame &&
      next.hasOlder === before.hasOlder &&
      next.loading === before.loading &&
      next.live === before.live &&
      next.ended === before.ended;
    if (!isAll) this.#transcript.set(next);
  }
}

/** @throws LocalError when numbers are missing or come twice */
function gapless(entries: readonly RunEntry[]): readonly RunEntry[] {
  entries.forEach(({ n }, at) => {
    if (at > 0 && n !== (entries[at - 1]?.n ?? 0) + 1)
      throw new LocalError('unavailable', 'The server left out entries of this run.');
  });
  return entries;
}
