import type { Passage, Passages } from './passages.ts';

const QUOTES_INTRO = 'I am an automated assistant without a language model, so I only quote what I was given.';
const NOTHING_FOUND =
  'I am an automated assistant without a language model, and I found nothing about this in what I was given.';
const LIMIT_INTRO = "Today's limit of the language model is used up, so I only quote what I was given.";

export type Quoted = { readonly text: string; readonly sources: readonly Passage[] };

/** Answers without a model: the passages that fit best, word for word, and that this is what it does. */
export function quoteAnswer(passages: Passages, question: string, isOverLimit: boolean): Quoted {
  const found = passages.all(question, 3);
  if (found.length === 0)
    return { text: isOverLimit ? `${LIMIT_INTRO} I found nothing about this.` : NOTHING_FOUND, sources: [] };
  const quotes = found.map(({ title, url, text }) => {
    const from = url === null ? title : `${title} (${url})`;
    return `From ${from}:\n${text
      .split('\n')
      .map((line) => `> ${line}`)
      .join('\n')}`;
  });
  return { text: [isOverLimit ? LIMIT_INTRO : QUOTES_INTRO, ...quotes].join('\n\n'), sources: found };
}
