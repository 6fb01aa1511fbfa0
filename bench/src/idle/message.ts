export const KINDS = ['skerry', 'ws'] as const;
export type Kind = (typeof KINDS)[number];

/** `settle` clears away what is no longer needed before memory is read. */
export type ToServer = 'settle';
export type FromServer =
  | { readonly kind: 'ready'; readonly port: number; readonly tokens: readonly string[] }
  /** Bytes of live objects on the heap, and of the whole process in memory. */
  | { readonly kind: 'settled'; readonly heap: number; readonly resident: number };
/** Open so many sockets more; `tokens` are used from `from` on. */
export type ToClients = { readonly port: number; readonly tokens: readonly string[] | null; readonly count: number };
export type FromClients = { readonly kind: 'open' };
