import type { Command } from '@skerry/protocol';
import type { ChannelView, ServerHandle } from '@skerry/core';

export type ChannelDialog =
  | { readonly kind: 'create' }
  | { readonly kind: 'browse' }
  | { readonly kind: 'edit'; readonly view: ChannelView }
  | { readonly kind: 'people'; readonly view: ChannelView };

/** What a menu of a channel works with: its server, the dialogs, and doing something whose failure is said. */
export type ChannelDoer = {
  readonly server: ServerHandle;
  show(dialog: ChannelDialog | undefined): void;
  /** @returns false when it failed, which was said */
  run(command: Command): Promise<boolean>;
  /** @returns false when it failed, which was said */
  attempt(work: Promise<unknown>): Promise<boolean>;
};
