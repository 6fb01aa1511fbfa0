import { MACHINE_LIMITS, type NewEntry, type RunPage, type RunState, SkerryError } from '@skerry/protocol';
import { AGENT_BYTES, type MachineInfo, type RunLine, type RunMeta } from '@skerry/protocol/agents';
import * as z from 'zod/mini';
import { LocalError } from '../errors.ts';
import type { Bodies } from './bodies.ts';
import type { Commands } from './commands.ts';
import type { Records } from './records.ts';

export type RunsDeps = {
  readonly records: Records;
  readonly bodies: Bodies;
  readonly commands: Commands;
  /** The last entries of a run, or those before a number. */
  readonly page: (run: string, before: number | undefined, signal: AbortSignal) => Promise<RunPage>;
};

/** `meta`: encrypted, as it was first sent; null once the server has it. */
const stored = z.object({ meta: z.nullable(z.string()) });

type Plain = { readonly id: string; readonly bytes: Uint8Array };

/** Characters of bodies in one command: a server takes 2 MiB. */
const MOST_CHARS = 1_500_000;

/** What runs and the machine itself say upwards. */
export class Runs {
  readonly #deps: RunsDeps;
  /** What the server was found to have of runs whose lines are sent again. */
  readonly #there = new Map<string, { readonly ids: ReadonlySet<string>; readonly head: number }>();

  constructor(deps: RunsDeps) {
    this.#deps = deps;
  }

  async describe(info: MachineInfo, signal?: AbortSignal): Promise<void> {
    const { bodies, commands } = this.#deps;
    const body = await bodies.seal(bodies.encode(info, AGENT_BYTES.info), { use: 'info' });
    await commands.run({ kind: 'machine.describe', info: body }, { signal });
  }

  async create(run: string, meta: RunMeta, signal?: AbortSignal): Promise<void> {
    const { records, commands } = this.#deps;
    const known = await records.get('machine_runs', run, stored);
    if (known?.meta === null) return;
    const body = known?.meta ?? (await this.#meta(run, meta));
    // The same bytes for the same id, also after a restart in between.
    if (known === undefined) await records.commit([records.put('machine_runs', run, { meta: body })]);
    await commands.run({ kind: 'run.create', meta: body }, { id: run, signal });
    await records.commit([records.put('machine_runs', run, { meta: null })]);
  }

  async set(
    run: string,
    { state, meta }: { readonly state?: RunState; readonly meta?: RunMeta },
    signal?: AbortSignal,
  ): Promise<void> {
    const body = meta === undefined ? null : await this.#meta(run, meta);
    await this.#deps.commands.run({ kind: 'run.set', run, state: state ?? null, meta: body }, { signal });
  }

  /**
   * Whoever is not sure whether lines arrived sends them again, encrypted anew. Of those that did the server says that their
   * bytes differ; then it is asked which it has, and gets the others. So nothing has to be kept here for it.
   */
  async append(
    run: string,
    lines: readonly { readonly id: string; readonly line: RunLine }[],
    signal?: AbortSignal,
  ): Promise<number> {
    if (lines.length === 0 || lines.length > MACHINE_LIMITS.entriesPerAppend)
      throw new LocalError('bad_request', 'An append has 1 to 64 lines.');
    const { bodies } = this.#deps;
    const plain = lines.map(({ id, line }) => ({ id, bytes: bodies.encode(line, AGENT_BYTES.entry) }));
    const lacking = plain.filter(({ id }) => this.#there.get(run)?.ids.has(id) !== true);
    if (lacking.length === plain.length) this.#there.delete(run);
    try {
      return await this.#append(run, lacking, signal);
    } catch (error) {
      if (!(error instanceof SkerryError) || error.code !== 'id_conflict') throw error;
    }
    const ids = await this.#readBack(run, new Set(lines.map(({ id }) => id)), signal);
    return this.#append(
      run,
      lacking.filter(({ id }) => !ids.has(id)),
      signal,
    );
  }

  async #append(run: string, lines: readonly Plain[], signal: AbortSignal | undefined): Promise<number> {
    const { bodies, commands } = this.#deps;
    const entries: NewEntry[] = [];
    for (const { id, bytes } of lines)
      entries.push({ id, body: await bodies.seal(bytes, { use: 'entry', run, entry: id }) });
    let head = this.#there.get(run)?.head ?? 0;
    for (const some of batches(entries))
      head = (await commands.run({ kind: 'run.append', run, entries: some }, { signal })).n;
    const there = this.#there.get(run);
    if (there !== undefined) this.#there.set(run, { ...there, head });
    return head;
  }

  /** Ids that the server has, from the last one back to where none of these can be. Kept, since more may follow. */
  async #readBack(run: string, wanted: ReadonlySet<string>, signal: AbortSignal | undefined): Promise<Set<string>> {
    const { commands, page } = this.#deps;
    const ids = new Set<string>();
    let before: number | undefined;
    let found = 0;
    for (;;) {
      const { head, entries, more } = await commands.until((caller) => page(run, before, caller), signal);
      const here = entries.filter(({ id }) => wanted.has(id)).length;
      for (const { id } of entries) ids.add(id);
      this.#there.set(run, { ids, head: Math.max(head, this.#there.get(run)?.head ?? 0) });
      found += here;
      before = entries[0]?.n;
      if (found === wanted.size || (found > 0 && here === 0) || !more || before === undefined) return ids;
    }
  }

  async #meta(run: string, meta: RunMeta): Promise<string> {
    const { bodies } = this.#deps;
    return bodies.seal(bodies.encode(meta, AGENT_BYTES.meta), { use: 'meta', run });
  }
}

function batches(entries: readonly NewEntry[]): NewEntry[][] {
  const all: NewEntry[][] = [[]];
  let room = MOST_CHARS;
  for (const entry of entries) {
    room -= entry.body.length;
    if (room < 0) {
      all.push([]);
      room = MOST_CHARS - entry.body.length;
    }
    all.at(-1)?.push(entry);
  }
  return all.filter(({ length }) => length > 0);
}
