export const KINDS = ['skerry', 'ws'] as const;
export type Kind = (typeof KINDS)[number];

/** `settle` clears away what is no longer needed before memory is read. */
export type ToServer = 'settle';
export type FromServer =
  | { readonly kind: 'ready'; readonly port: number; readonly tokens: readonly string[] } 
  /** Bytes the process holds: what lives on the heap, and all memory that is not heap. Room the heap has grown to and does not use is left out. */
  | { readonly kind: 'settled'; readonly bytes: number };
/** Open so many sockets more; `tokens` are used from `from` on. */
export type ToClients = { readonly port: number; readonly tokens: readonly string[] | null; readonly count: number };
export type FromClients = { readonly kind: 'open' };
