import type { Command, CommandId, CommandResult, DownOf, ErrorBody, Position, ResetReason } from '@skerry/protocol';

/** What the connection offers to the part that keeps one entry's state. Exists only while that socket lives. */
export interface Link {
  /** Sends a command frame; the answer comes through `answered`. False when the socket is gone or 16 are in flight. */
  command(id: CommandId, command: Command): boolean;
  typing(channel: string): void;
}

export type CommandAnswer =
  { readonly ok: true; readonly result: CommandResult } | { readonly ok: false; readonly error: ErrorBody };

/**
 * The seam between a connection (which dials, proves, signs in, reads and backs off) and what is kept of one server
 * (tables, cursor, send queue). Calls arrive in the order of the frames. The connection knows nothing of channels or
 * messages; this side knows nothing of sockets or tokens.
 */
export interface EntrySync {
  /** Where to go on; null asks for a snapshot. Read from memory that equals what is stored. */
  resumeFrom(): Position | null;
  /** Authenticated. When `resumed` is false a `reset` follows. */
  welcomed(link: Link, welcome: DownOf<'welcome'>): void;
  /** Loads a snapshot through the context's Api; live frames meanwhile are kept and applied. */
  reset(reason: ResetReason): void;
  events(frame: DownOf<'events'>): void;
  mark(position: Position): void;
  answered(id: CommandId, answer: CommandAnswer): void;
  presence(frame: DownOf<'presence'>): void;
  typing(frame: DownOf<'typing'>): void;
  /** The queue of this session's device reaches up to `head`. */
  toDevice(head: number): void;
  /** So many one-time prekeys of this session's device are left in the directory. */
  prekeys(left: number): void;
  /** The socket is gone; what was in flight is sent again after the next welcome. */
  unlinked(): void;
  /** Resolves once what is shown is up to date after `welcomed`; rejects when the snapshot can't be had. */
  synced(signal: AbortSignal): Promise<void>;
}
