import { asks } from './en/asks.ts';
import { pairing } from './en/pairing.ts';

/** The English words of asks and of pairing, fetched with their screens. */
export const enAsks = { asks, pairing };
