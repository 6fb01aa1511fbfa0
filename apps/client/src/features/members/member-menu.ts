import type { Account, ChannelId } from '@skerry/protocol';
import type { ServerHandle } from '@skerry/core';
import AtSign from '@lucide/svelte/icons/at-sign';
import LockKeyhole from '@lucide/svelte/icons/lock-keyhole';
import UserMinus from '@lucide/svelte/icons/user-minus';
import { t } from '../../i18n/t.ts';
import { sayFailure } from '../../state/failure.ts';
import type { MenuEntry, MenuSpec, Overlays } from '../../ui/overlays.svelte.ts';

export type MemberMenuParts = {
  readonly server: ServerHandle;
  readonly channel: ChannelId;
  readonly overlays: Overlays;
  /** Undefined where nothing can be written. */
  readonly onmention: ((account: Account) => void) | undefined;
  /** Opens the encrypted conversation with somebody; undefined where there can be none. */
  readonly onmessage?: ((account: Account) => void) | undefined;
};

/** What the list of members is about. */
export type MembersOf = {
  readonly server: ServerHandle;
  readonly channel: ChannelId;
  /** Undefined where nothing can be written. */
  readonly onmention: ((account: Account) => void) | undefined;
  readonly onmessage?: ((account: Account) => void) | undefined;
};

const RANK = ['member', 'moderator', 'admin', 'owner'];

/** Who a person is on this server, and what can be done about them in this channel. */
export function memberMenu(account: Account, parts: MemberMenuParts): MenuSpec {
  const { server, channel, overlays, onmention, onmessage } = parts;
  const view = server.view.get();
  const me = server.me.get();
  const entries: MenuEntry[] = [];
  if (onmention !== undefined)
    entries.push({
      kind: 'action',
      label: t.channels.members.mention,
      icon: AtSign,
      onselect: () => onmention(account),
    });
  if (onmessage !== undefined && account.id !== me?.id && !account.disabled)
    entries.push({
      kind: 'action',
      label: t.channels.members.message,
      icon: LockKeyhole,
      onselect: () => onmessage(account),
    });
  const here = server.channels.get().find((item) => item.channel.id === channel)?.channel;
  // Who is in an encrypted group is settled among its members, not by the server.
  const isSealed = here?.sealed !== undefined;
  const made = here?.createdBy;
  const isMaker = me !== undefined && made === me.id;
  const isAbove =
    me !== undefined &&
    !isSealed &&
    (isMaker || (RANK.indexOf(me.role) > RANK.indexOf(account.role) && me.role !== 'member'));
  if (isAbove && account.id !== me.id && view.state.kind === 'live') {
    if (entries.length > 0) entries.push({ kind: 'separator' });
    entries.push({
      kind: 'action',
      label: t.channels.members.remove,
      icon: UserMinus,
      danger: true,
      onselect: () => void remove(),
    });
  }
  const role = t.channels.members.role[account.role];
  return {
    label: t.channels.members.actions(account.displayName),
    header: {
      title: account.displayName,
      detail: `@${account.username} · ${view.ambiguousName ? `${view.label} (${view.host})` : view.label} · ${role}`,
    },
    entries,
    align: 'end',
  };

  async function remove(): Promise<void> {
    const name = server.channels.get().find((item) => item.channel.id === channel)?.channel.name ?? '';
    const agreed = await overlays.confirm({
      title: t.channels.members.removeAsk(account.displayName, `#${name}`),
      text: t.channels.members.removeText,
      confirm: t.channels.members.removeConfirm,
      danger: true,
    });
    if (!agreed) return;
    await server
      .run({ kind: 'channel.remove', channel, account: account.id })
      .catch((error: unknown) => sayFailure(overlays, error));
  }
}
