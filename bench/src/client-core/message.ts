import type { Position } from '@skerry/protocol';

/** What the process that holds the servers tells the measuring one, one JSON object a line. */
export type FromServers =
  | { readonly kind: 'ready'; readonly origins: readonly string[] }
  /** `from`: where the log of the first server stood before. */
  | { readonly kind: 'written'; readonly from: Position };
export type ToServers = { readonly kind: 'write'; readonly messages: number } | { readonly kind: 'stop' };
