import MiniSearch from 'minisearch';
import type { Knowledge } from './knowledge-reads.ts';

export type Passage = {
  readonly id: number;
  readonly title: string;
  readonly url: string | null;
  readonly text: string;
};

const LONGEST = 500;
const STOP = new Set(
  'a an and are as at be but by can did do does for from had has have how i if in is it its me my of on or our so that the their them there they this to was we were what when where which who why will with you your'.split(
    ' ',
  ),
);

/** The texts of one guild's assistant, cut into passages that can be searched. Nothing of another guild is in it. */
export class Passages {
  readonly #byId = new Map<number, Passage>();
  readonly #information: MiniSearch<Passage>;
  readonly #websites: MiniSearch<Passage>;

  constructor({ guild, websites }: Knowledge) {
    this.#information = index();
    this.#websites = index();
    this.#add(this.#information, cut(guild.information, { title: 'Information', url: null }));
    for (const { url, title, content } of websites)
      this.#add(this.#websites, cut(content, { title: title ?? url, url }));
  }

  /** The best passages of the texts the person wrote. */
  information(query: string, most = 4): Passage[] {
    return this.#best([this.#information], query, most);
  }

  /** The best passages of the websites. */
  websites(query: string, most = 4): Passage[] {
    return this.#best([this.#websites], query, most);
  }

  /** The best of both. */
  all(query: string, most = 4): Passage[] {
    return this.#best([this.#information, this.#websites], query, most);
  }

  #add(search: MiniSearch<Passage>, passages: readonly Omit<Passage, 'id'>[]): void {
    for (const passage of passages) {
      const kept = { id: this.#byId.size, ...passage };
      this.#byId.set(kept.id, kept);
      search.add(kept);
    }
  }

  #best(searches: readonly MiniSearch<Passage>[], query: string, most: number): Passage[] {
    return searches
      .flatMap((search) => search.search(query.slice(0, 500)))
      .sort((a, b) => b.score - a.score)
      .slice(0, most)
      .flatMap(({ id }) => this.#byId.get(Number(id)) ?? []);
  }
}

function index(): MiniSearch<Passage> {
  return new MiniSearch<Passage>({
    fields: ['text', 'title'],
    searchOptions: {
      prefix: (term) => term.length > 3,
      fuzzy: (term) => (term.length > 5 ? 0.2 : false),
      boost: { title: 1.5 },
    },
    processTerm: (term) => {
      const plain = term.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
      return plain.length < 2 || STOP.has(plain) ? null : plain;
    },
  });
}

/** Whole sentences, as many as fit; one that is too long is cut. */
function cut(text: string, of: { title: string; url: string | null }): Omit<Passage, 'id'>[] {
  const passages: Omit<Passage, 'id'>[] = [];
  let held = '';
  const push = (): void => {
    if (held.trim() !== '') passages.push({ ...of, text: held.trim() });
    held = '';
  };
  for (const line of text.split('\n')) {
    for (const sentence of line.match(/[^.!?]+[.!?]*\s*/g) ?? []) {
      if (held.length + sentence.length > LONGEST) push();
      held += sentence.slice(0, LONGEST);
    }
    // A line is a unit of its own; short ones stay together.
    if (held.length > LONGEST / 2) push();
    else if (held !== '') held += '\n';
  }
  push();
  return passages;
}
