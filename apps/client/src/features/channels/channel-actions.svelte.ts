import type { ChannelId, Command } from '@skerry/protocol';
import type { ChannelView, ServerHandle } from '@skerry/core';
import Archive from '@lucide/svelte/icons/archive';
import ArchiveRestore from '@lucide/svelte/icons/archive-restore';
import CheckCheck from '@lucide/svelte/icons/check-check';
import LogOut from '@lucide/svelte/icons/log-out';
import Pencil from '@lucide/svelte/icons/pencil';
import UserPlus from '@lucide/svelte/icons/user-plus';
import { t } from '../../i18n/t.ts';
import { sayFailure } from '../../state/failure.ts';
import type { MenuEntry, MenuSpec, Overlays } from '../../ui/overlays.svelte.ts';
import { channelRights } from './channel-groups.ts';

export type ChannelDialog =
  | { readonly kind: 'create' }
  | { readonly kind: 'browse' }
  | { readonly kind: 'edit'; readonly view: ChannelView }
  | { readonly kind: 'people'; readonly view: ChannelView };

export type ChannelActionsParts = {
  readonly server: ServerHandle;
  readonly overlays: Overlays;
  readonly open: (channel: ChannelId) => void;
};

/** What can be done with the channels of one server, and which dialog of it is open. */
export class ChannelActions {
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

  menu(view: ChannelView): MenuSpec {
    const { channel } = view;
    const rights = channelRights(view, this.server.me.get());
    const entries: MenuEntry[] = [];
    if (view.mentions > 0 || (view.unread ?? 0) > 0)
      entries.push({
        kind: 'action',
        label: t.channels.markRead,
        icon: CheckCheck,
        onselect: () => void this.#run({ kind: 'marker.set', channel: channel.id, n: Number.MAX_SAFE_INTEGER }),
      });
    if (rights.manage && !channel.archived) {
      entries.push({
        kind: 'action',
        label: t.channels.edit,
        icon: Pencil,
        onselect: () => this.show({ kind: 'edit', view }),
      });
      if (channel.visibility === 'private')
        entries.push({
          kind: 'action',
          label: t.channels.members.add,
          icon: UserPlus,
          onselect: () => this.show({ kind: 'people', view }),
        });
    }
    if (rights.manage)
      entries.push(
        channel.archived
          ? {
              kind: 'action',
              label: t.channels.unarchive,
              icon: ArchiveRestore,
              onselect: () => void this.#archive(view, false),
            }
          : {
              kind: 'action',
              label: t.channels.archive,
              icon: Archive,
              onselect: () => void this.#archive(view, true),
            },
      );
    if (rights.leave) {
      if (entries.length > 0) entries.push({ kind: 'separator' });
      entries.push({
        kind: 'action',
        label: t.channels.leave,
        icon: LogOut,
        danger: true,
        onselect: () => void this.leave(view),
      });
    }
    return {
      label: t.channels.menu(channel.name),
      header: { title: `#${channel.name}`, detail: this.server.view.get().label },
      entries,
    };
  }

  async join(channel: ChannelId): Promise<void> {
    if (await this.#run({ kind: 'channel.join', channel })) this.open(channel);
  }

  async leave(view: ChannelView): Promise<void> {
    const agreed = await this.#overlays.confirm({
      title: t.channels.leaveAsk(`#${view.channel.name}`),
      text: view.channel.visibility === 'private' ? t.channels.leavePrivateText : t.channels.leaveText,
      confirm: t.channels.leave,
      danger: true,
    });
    if (agreed) await this.#run({ kind: 'channel.leave', channel: view.channel.id });
  }

  async #archive(view: ChannelView, archived: boolean): Promise<void> {
    if (archived) {
      const agreed = await this.#overlays.confirm({
        title: t.channels.archiveAsk(`#${view.channel.name}`),
        text: t.channels.archiveText,
        confirm: t.channels.archiveConfirm,
      });
      if (!agreed) return;
    }
    await this.#run({ kind: 'channel.archive', channel: view.channel.id, archived });
  }

  async #run(command: Command): Promise<boolean> {
    try {
      await this.server.run(command);
      return true;
    } catch (error) {
      sayFailure(this.#overlays, error);
      return false;
    }
  }
}
