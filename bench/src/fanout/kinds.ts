/** What serves the same messages: this server's hub, `ws` with a plain loop, and socket.io over WebSocket alone. */
export const KINDS = ['skerry', 'ws', 'socket.io'] as const;
export type Kind = (typeof KINDS)[number];

/** Sizes of the groups each server holds at once. */
export const GROUPS = [100, 1_000] as const;
export type Group = (typeof GROUPS)[number];

export type Ports = Readonly<Record<Kind, number>>;
/** Send messages to one group of one server, with so many on their way at a time. */
export type Round = { readonly kind: Kind; readonly group: Group; readonly window: number; readonly ms: number };
export type RoundResult = { readonly deliveries: number };
