import type { ChannelId, Command } from '@skerry/protocol';
import type { ChannelView, ServerHandle } from '@skerry/core';
import { sayFailure } from '../../state/failure.ts';
import type { MenuSpec, Overlays } from '../../ui/overlays.svelte.ts';
import type { ChannelDialog, ChannelDoer } from './channel-doer.ts';

export type ChannelActionsParts = {
  readonly server: ServerHandle;
  readonly overlays: Overlays;
  readonly open: (channel: ChannelId) => void;
};

/** What can be done with the channels of one server, and which dialog of it is open. */
export class ChannelActions implements ChannelDoer {
  readonly server: ServerHandle;
  readonly open: (channel: ChannelId) => void;
  readonly #overlays: Overlays;
  #dialog: ChannelDialog | undefined = $state.raw();

  constructor(parts: ChannelActionsParts) {
    this.server = parts.server;
    this.open = parts.open;
    this.#overlays = parts.overlays;
  }

  get dialog(): ChannelDialog | undefined {
    return this.#dialog;
  }

  show(dialog: ChannelDialog | undefined): void {
    this.#dialog = dialog;
  }

  /** Fetched when it is asked for. */
  async menu(view: ChannelView): Promise<MenuSpec> {
    const { channelMenu } = await import('./channel-menu.ts');
    return channelMenu(view, this, this.#overlays);
  }

  async join(channel: ChannelId): Promise<void> {
    if (await this.run({ kind: 'channel.join', channel })) this.open(channel);
  }

  /** @returns false when it failed, which was said */
  run(command: Command): Promise<boolean> {
    return this.attempt(this.server.run(command));
  }

  /** @returns false when it failed, which was said */
  async attempt(work: Promise<unknown>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      sayFailure(this.#overlays, error);
      return false;
    }
  }
}
