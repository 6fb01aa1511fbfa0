import type { ChannelView } from '@skerry/core';
import Archive from '@lucide/svelte/icons/archive';
import ArchiveRestore from '@lucide/svelte/icons/archive-restore';
import LogOut from '@lucide/svelte/icons/log-out';
import Pencil from '@lucide/svelte/icons/pencil';
import UserPlus from '@lucide/svelte/icons/user-plus';
import { t } from '../../i18n/t.ts';
import { quietEntries } from '../../state/quiet-entries.ts';
import type { MenuSpec, Overlays } from '../../ui/overlays.svelte.ts';
import type { ChannelDoer } from './channel-doer.ts';
import { channelRights } from './channel-groups.ts';

type Around = { readonly actions: ChannelDoer; readonly overlays: Overlays };

/** What can be done with one channel, by the rights of who looks at it. */
export function channelMenu(view: ChannelView, actions: ChannelDoer, overlays: Overlays): MenuSpec {
  const around = { actions, overlays };
  const { channel } = view;
  const rights = channelRights(view, actions.server.me.get());
  const entries = quietEntries(view, actions.server, overlays);
  if (rights.manage && !channel.archived) {
    entries.push({
      kind: 'action',
      label: t.channels.edit,
      icon: Pencil,
      onselect: () => actions.show({ kind: 'edit', view }),
    });
    if (channel.visibility === 'private')
      entries.push({
        kind: 'action',
        label: t.channels.members.add,
        icon: UserPlus,
        onselect: () => actions.show({ kind: 'people', view }),
      });
  }
  if (rights.manage)
    entries.push(
      channel.archived
        ? {
            kind: 'action',
            label: t.channels.unarchive,
            icon: ArchiveRestore,
            onselect: () => void setArchived(view, false, around),
          }
        : {
            kind: 'action',
            label: t.channels.archive,
            icon: Archive,
            onselect: () => void setArchived(view, true, around),
          },
    );
  if (rights.leave) {
    if (entries.length > 0) entries.push({ kind: 'separator' });
    entries.push({
      kind: 'action',
      label: t.channels.leave,
      icon: LogOut,
      danger: true,
      onselect: () => void leave(view, around),
    });
  }
  return {
    label: t.channels.menu(channel.name),
    header: { title: `#${channel.name}`, detail: actions.server.view.get().label },
    entries,
  };
}

async function leave(view: ChannelView, { actions, overlays }: Around): Promise<void> {
  const agreed = await overlays.confirm({
    title: t.channels.leaveAsk(`#${view.channel.name}`),
    text: view.channel.visibility === 'private' ? t.channels.leavePrivateText : t.channels.leaveText,
    confirm: t.channels.leave,
    danger: true,
  });
  if (agreed) await actions.run({ kind: 'channel.leave', channel: view.channel.id });
}

async function setArchived(view: ChannelView, archived: boolean, { actions, overlays }: Around): Promise<void> {
  if (archived) {
    const agreed = await overlays.confirm({
      title: t.channels.archiveAsk(`#${view.channel.name}`),
      text: t.channels.archiveText,
      confirm: t.channels.archiveConfirm,
    });
    if (!agreed) return;
  }
  await actions.run({ kind: 'channel.archive', channel: view.channel.id, archived });
}
