import { hash32 } from './hash.ts';

/** A pair of colours for a gradient. White text reaches 5:1 on the lighter one. */
export type Tone = { readonly id: string; readonly from: string; readonly to: string };

/** Colours a server may have: by its key at first, by choice of the person later. The order is stored, so it stays. */
export const SERVER_TONES: readonly Tone[] = [
  { id: 'blue', from: '#2e5fdc', to: '#1e3fa6' },
  { id: 'slate', from: '#4c5c86', to: '#2f3b60' },
  { id: 'teal', from: '#12797f', to: '#0b575d' },
  { id: 'green', from: '#1d7f50', to: '#125c3a' },
  { id: 'violet', from: '#7446cf', to: '#502b9c' },
  { id: 'coral', from: '#bd4730', to: '#8f2e1d' },
  { id: 'umber', from: '#8a5a12', to: '#63400c' },
  { id: 'pink', from: '#b23a68', to: '#82264a' },
];

const PERSON_TONES: readonly Tone[] = [
  { id: 'blue', from: '#2b64c9', to: '#1f4a99' },
  { id: 'green', from: '#0f7a5c', to: '#0b5b45' },
  { id: 'pink', from: '#b23a68', to: '#86294d' },
  { id: 'rust', from: '#a9552b', to: '#7d3d1e' },
  { id: 'violet', from: '#7046c2', to: '#523293' },
  { id: 'teal', from: '#0e7286', to: '#0a5464' },
  { id: 'grey', from: '#4b5568', to: '#363e4d' },
  { id: 'umber', from: '#8a5a12', to: '#67430d' },
];

const FALLBACK: Tone = { id: 'blue', from: '#2e5fdc', to: '#1e3fa6' };

/** The tone of a server from a number made of its key (any integer). */
export function serverTone(seed: number): Tone {
  return SERVER_TONES[Math.abs(Math.trunc(seed)) % SERVER_TONES.length] ?? FALLBACK;
}

/** The tone of a person, the same on every device that knows the same id. */
export function personTone(id: string): Tone {
  return PERSON_TONES[hash32(id) % PERSON_TONES.length] ?? FALLBACK;
}

/** One or two letters that stand for a name; whole grapheme clusters, never half an emoji. */
export function initials(name: string): string {
  const words = name
    .trim()
    .split(/[\s._\-·]+/u)
    .filter((word) => word !== '');
  const first = firstGrapheme(words[0] ?? '');
  const last = words.length > 1 ? firstGrapheme(words[words.length - 1] ?? '') : '';
  return (first + last).toLocaleUpperCase() || '?';
}

/** The first visible character of a text. */
export function firstGrapheme(text: string): string {
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)) return segment;
  return '';
}
