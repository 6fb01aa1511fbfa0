import type { AccountId, ChannelId } from '@skerry/protocol';
import type { EntryId } from '@skerry/core';

type Common = {
  readonly key: string;
  readonly name: string;
  /** Found by as well, though not shown first: a user name, a topic. */
  readonly alias: string;
};
export type PlaceEntry = Common & {
  readonly kind: 'channel';
  readonly server: EntryId;
  readonly channel: ChannelId;
  readonly isPrivate: boolean;
  /** End-to-end encrypted. */
  readonly isSealed: boolean;
  readonly lastAt: number;
  readonly mentions: number;
  readonly unread: boolean;
};
export type PersonEntry = Common & { readonly kind: 'person'; readonly server: EntryId; readonly account: AccountId };
export type ServerEntryRow = Common & { readonly kind: 'server'; readonly server: EntryId };
export type ActionEntry = Common & { readonly kind: 'action'; readonly run: () => void };
export type PaletteEntry = PlaceEntry | PersonEntry | ServerEntryRow | ActionEntry;

export type PaletteGroup = {
  readonly kind: 'recent' | 'places' | 'people' | 'servers' | 'actions';
  readonly entries: readonly PaletteEntry[];
};

const PER_GROUP = 8;
/** Made once: comparing through it costs a tenth. */
const byName = new Intl.Collator();
/** Small letters of what was searched before; an entry is searched with each letter typed. */
const lowered = new WeakMap<PaletteEntry, { readonly name: string; readonly alias: string }>();

type Wanted = {
  readonly text: string;
  readonly kinds: readonly PaletteEntry['kind'][];
  readonly servers: ReadonlySet<EntryId> | undefined;
};

/**
 * What fits what was typed, in groups, best first. `@` asks for people, `#` for channels, `>` for actions, and
 * `work:` for what is on servers whose label begins so. Nothing typed gives what happened last, over all servers.
 */
export function search(entries: readonly PaletteEntry[], typed: string): readonly PaletteGroup[] {
  const wanted = understand(entries, typed);
  if (wanted.text === '' && wanted.kinds.length > 1 && wanted.servers === undefined) return openings(entries);
  const found: Record<PaletteEntry['kind'], { entry: PaletteEntry; score: number }[]> = {
    channel: [],
    person: [],
    server: [],
    action: [],
  };
  for (const entry of entries) {
    if (!wanted.kinds.includes(entry.kind)) continue;
    if (wanted.servers !== undefined && (entry.kind === 'action' || !wanted.servers.has(entry.server))) continue;
    const score = scoreOf(entry, wanted.text);
    if (score !== undefined) found[entry.kind].push({ entry, score });
  }
  const best = (kind: PaletteEntry['kind']): PaletteEntry[] =>
    found[kind]
      .sort(
        (a, b) => a.score - b.score || lastAt(b.entry) - lastAt(a.entry) || byName.compare(a.entry.name, b.entry.name),
      )
      .slice(0, wanted.kinds.length === 1 ? PER_GROUP * 3 : PER_GROUP)
      .map(({ entry }) => entry);
  const groups: PaletteGroup[] = [
    { kind: 'places', entries: best('channel') },
    { kind: 'servers', entries: best('server') },
    { kind: 'people', entries: best('person') },
    { kind: 'actions', entries: best('action') },
  ];
  return groups.filter((group) => group.entries.length > 0);
}

function openings(entries: readonly PaletteEntry[]): readonly PaletteGroup[] {
  const places = entries.filter((entry) => entry.kind === 'channel');
  const recent = places
    .sort((a, b) => Number(b.mentions > 0) - Number(a.mentions > 0) || b.lastAt - a.lastAt)
    .slice(0, PER_GROUP);
  const actions = entries.filter((entry) => entry.kind === 'action').slice(0, 4);
  const groups: PaletteGroup[] = [
    { kind: 'recent', entries: recent },
    { kind: 'actions', entries: actions },
  ];
  return groups.filter((group) => group.entries.length > 0);
}

function understand(entries: readonly PaletteEntry[], typed: string): Wanted {
  const all = ['channel', 'server', 'person', 'action'] as const;
  const text = typed.trimStart().toLocaleLowerCase();
  const scope = /^([^:]{1,40}):\s*(.*)$/su.exec(text);
  if (scope !== null) {
    const label = (scope[1] ?? '').trim();
    const servers = new Set(
      entries.flatMap((entry) =>
        entry.kind === 'server' && entry.name.toLocaleLowerCase().startsWith(label) ? [entry.server] : [],
      ),
    );
    if (servers.size > 0) return { ...kindOf(scope[2] ?? '', ['channel', 'person']), servers };
  }
  return { ...kindOf(text, all), servers: undefined };
}

function kindOf(text: string, otherwise: readonly PaletteEntry['kind'][]): Pick<Wanted, 'text' | 'kinds'> {
  const rest = text.slice(1).trim();
  if (text.startsWith('@')) return { text: rest, kinds: ['person'] };
  if (text.startsWith('#')) return { text: rest, kinds: ['channel'] };
  if (text.startsWith('>')) return { text: rest, kinds: ['action'] };
  return { text: text.trim(), kinds: otherwise };
}

function scoreOf(entry: PaletteEntry, text: string): number | undefined {
  if (text === '') return 0;
  const { name, alias } = low(entry);
  if (name === text) return 0;
  if (name.startsWith(text)) return 1;
  if (startsAWord(name, text)) return 2;
  if (name.includes(text)) return 3;
  if (alias.startsWith(text)) return 2;
  // Several words in any order: "fjord design".
  const words = text.split(/\s+/u);
  if (words.length > 1 && words.every((word) => name.includes(word) || alias.includes(word))) return 4;
  return alias.includes(text) ? 5 : undefined;
}

function low(entry: PaletteEntry): { readonly name: string; readonly alias: string } {
  let known = lowered.get(entry);
  if (known === undefined)
    lowered.set(entry, (known = { name: entry.name.toLocaleLowerCase(), alias: entry.alias.toLocaleLowerCase() }));
  return known;
}

function startsAWord(name: string, text: string): boolean {
  for (let at = name.indexOf(text); at > 0; at = name.indexOf(text, at + 1))
    if (/[\s._-]/u.test(name[at - 1] ?? '')) return true;
  return false;
}

function lastAt(entry: PaletteEntry): number {
  return entry.kind === 'channel' ? entry.lastAt : 0;
}
