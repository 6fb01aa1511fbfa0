import { MediaQuery } from 'svelte/reactivity';

const phone = new MediaQuery('width < 768px');
const narrow = new MediaQuery('width < 1100px');
const coarse = new MediaQuery('pointer: coarse');

/** What the window is like. Prefer CSS; this is for where a different tree is drawn. */
export const viewport = {
  /** One column at a time, bottom bar. */
  get isPhone(): boolean {
    return phone.current;
  },
  /** No room for a third column. */
  get isNarrow(): boolean {
    return narrow.current;
  },
  /** Fingers. */
  get isCoarse(): boolean {
    return coarse.current;
  },
};
