import type { RunEntryView } from '@skerry/core';
import type { AgentSubject, RunContent } from '@skerry/protocol/agents';

type Of<Kind extends RunContent['kind']> = Extract<RunContent, { kind: Kind }>;
type Said<Kind extends string, Parts> = { readonly kind: Kind; readonly key: string; readonly at: number } & Parts;

export type ToolPart = NonNullable<Of<'tool'>['parts']>[number];
export type PlanStep = Of<'plan'>['steps'][number];

/** What stands on the run's screen, made of the entries of its log: pieces of one thing are one row. */
export type RunRow =
  | Said<'begun', { readonly agent: string; readonly folder: string; readonly start: Of<'begun'>['start'] }>
  | Said<'prompt', { readonly text: string; readonly by: number | null; readonly cut: boolean }>
  | Said<'said', { readonly as: 'answer' | 'thought'; readonly text: string; readonly cut: boolean }>
  | Said<'plan', { readonly steps: readonly PlanStep[] }>
  | Said<
      'tool',
      {
        readonly title: string;
        readonly tool: string;
        readonly state: NonNullable<Of<'tool'>['state']>;
        readonly locations: readonly { readonly path: string; readonly line: number | null }[];
        readonly parts: readonly ToolPart[];
        readonly cut: boolean;
      }
    >
  | Said<
      'terminal',
      {
        readonly terminal: string;
        /** Null where only its output is here. */
        readonly command: readonly string[] | null;
        readonly cwd: string;
        readonly output: string;
        readonly exit: { readonly code: number | null; readonly signal: string | null; readonly at: number } | null;
        readonly cut: boolean;
      }
    >
  | Said<'asked', { readonly ask: string; readonly subject: AgentSubject; readonly answer: Of<'answered'> | null }>
  | Said<
      'files',
      { readonly did: 'read' | 'wrote'; readonly files: readonly { readonly path: string; readonly bytes: number }[] }
    >
  | Said<'mode', { readonly mode: string }>
  | Said<'refused', { readonly what: string; readonly why: string }>
  | Said<'turn', { readonly stop: string; readonly why: string | null }>
  | Said<'ended', { readonly why: Of<'ended'>['why'] }>
  | Said<'unread', { readonly count: number }>;

type RowOf<Kind extends RunRow['kind']> = Extract<RunRow, { kind: Kind }>;

/** UTF-16 units of one row's text; what goes on begins another one. */
const LONGEST = 16_000;
/** Of a terminal the end is kept: what it printed last is what one looks for. */
const MOST_OUTPUT = 40_000;

/**
 * Folds a log into rows. Called with the same log grown at its end it goes on where it was, and rows that did not change
 * stay the same objects; anything else is folded anew.
 */
export class RunRows {
  #entries: readonly RunEntryView[] = [];
  #rows: RunRow[] = [];
  /** Places of rows that later entries change, by what names them. */
  #open = new Map<string, number>();

  next(entries: readonly RunEntryView[]): readonly RunRow[] {
    const isGrown =
      entries.length >= this.#entries.length &&
      this.#entries.every((entry, at) => entries[at]?.id === entry.id && entries[at]?.line === entry.line);
    const from = isGrown ? this.#entries.length : 0;
    if (isGrown && from === entries.length) return this.#rows;
    // A new array: the one that was given out stays as it is.
    this.#rows = isGrown ? [...this.#rows] : [];
    if (!isGrown) this.#open = new Map();
    for (let at = from; at < entries.length; at += 1) {
      const entry = entries[at];
      if (entry !== undefined) this.#take(entry);
    }
    this.#entries = entries;
    return this.#rows;
  }

  #take({ id, line }: RunEntryView): void {
    if (line === null) return this.#unread(id);
    const { at, cut, entry } = line;
    const base = { key: id, at };
    switch (entry.kind) {
      case 'begun':
      case 'mode':
      case 'refused':
      case 'turn':
      case 'ended':
        if (entry.kind === 'turn') this.#open.delete('plan');
        if (entry.kind === 'turn' && entry.stop === 'end_turn' && entry.why === null) return;
        this.#rows.push({ ...base, ...entry });
        return;
      case 'prompt':
        this.#open.delete('plan');
        this.#rows.push({ ...base, ...entry, cut });
        return;
      case 'said':
        return this.#said(entry, { ...base, cut });
      case 'plan':
        this.#put('plan', (row) => ({ ...base, ...(row?.kind === 'plan' ? row : {}), ...entry }));
        return;
      case 'tool':
        return this.#tool(entry, { ...base, cut });
      case 'asked':
        this.#put(`ask ${entry.ask}`, () => ({ ...base, ...entry, answer: null }));
        return;
      case 'answered':
        this.#change(`ask ${entry.ask}`, (row) => (row.kind === 'asked' ? { ...row, answer: entry } : row));
        return;
      case 'read':
      case 'wrote':
        return this.#file(entry, base);
      case 'command':
        this.#put(`terminal ${entry.terminal}`, (row) => ({
          ...base,
          ...(row?.kind === 'terminal' ? row : { output: '', exit: null }),
          kind: 'terminal',
          terminal: entry.terminal,
          command: [entry.command, ...entry.args],
          cwd: entry.cwd,
          cut,
        }));
        return;
      case 'output':
        this.#terminal(entry.terminal, base, (row) => ({
          ...row,
          output: (row.output + entry.text).slice(-MOST_OUTPUT),
          cut: row.cut || cut || row.output.length + entry.text.length > MOST_OUTPUT,
        }));
        return;
      case 'exited':
        this.#terminal(entry.terminal, base, (row) => ({
          ...row,
          exit: { code: entry.code, signal: entry.signal, at },
        }));
        return;
    }
  }

  #unread(key: string): void {
    const last = this.#rows.at(-1);
    if (last?.kind === 'unread') this.#rows[this.#rows.length - 1] = { ...last, count: last.count + 1 };
    else this.#rows.push({ kind: 'unread', key, at: 0, count: 1 });
  }

  #said(entry: Of<'said'>, { key, at, cut }: { key: string; at: number; cut: boolean }): void {
    const last = this.#rows.at(-1);
    if (last?.kind === 'said' && last.as === entry.as && last.text.length + entry.text.length <= LONGEST)
      this.#rows[this.#rows.length - 1] = { ...last, text: last.text + entry.text, cut: last.cut || cut };
    else this.#rows.push({ kind: 'said', key, at, as: entry.as, text: entry.text, cut });
  }

  #tool(entry: Of<'tool'>, { key, at, cut }: { key: string; at: number; cut: boolean }): void {
    this.#put(`tool ${entry.id}`, (row) => {
      const before = row?.kind === 'tool' ? row : undefined;
      return {
        kind: 'tool',
        key: before?.key ?? key,
        at: before?.at ?? at,
        title: entry.title ?? before?.title ?? '',
        tool: entry.tool ?? before?.tool ?? 'other',
        state: entry.state ?? before?.state ?? 'pending',
        locations: entry.locations ?? before?.locations ?? [],
        parts: entry.parts ?? before?.parts ?? [],
        cut: cut || (before?.cut ?? false),
      };
    });
  }

  #file({ kind, path, bytes }: Of<'read'> | Of<'wrote'>, base: { key: string; at: number }): void {
    const last = this.#rows.at(-1);
    const file = { path, bytes };
    if (last?.kind === 'files' && last.did === kind && last.files.length < 50)
      this.#rows[this.#rows.length - 1] = { ...last, files: [...last.files, file] };
    else this.#rows.push({ ...base, kind: 'files', did: kind, files: [file] });
  }

  /** Output may come of a terminal whose start is on an older page. */
  #terminal(
    terminal: string,
    base: { key: string; at: number },
    change: (row: RowOf<'terminal'>) => RowOf<'terminal'>,
  ): void {
    this.#put(`terminal ${terminal}`, (row) =>
      change(
        row?.kind === 'terminal'
          ? row
          : { ...base, kind: 'terminal', terminal, command: null, cwd: '', output: '', exit: null, cut: false },
      ),
    );
  }

  /** Changes the row of that name, or makes it at the end. */
  #put(name: string, make: (row: RunRow | undefined) => RunRow): void {
    const at = this.#open.get(name);
    if (at === undefined) this.#open.set(name, this.#rows.push(make(undefined)) - 1);
    else this.#rows[at] = make(this.#rows[at]);
  }

  #change(name: string, change: (row: RunRow) => RunRow): void {
    const at = this.#open.get(name);
    const row = at === undefined ? undefined : this.#rows[at];
    if (at !== undefined && row !== undefined) this.#rows[at] = change(row);
  }
}

/** The plan as it stands last. */
export function planOf(rows: readonly RunRow[]): RowOf<'plan'> | undefined {
  return rows.findLast((row) => row.kind === 'plan');
}
