import type { ChannelView, ServerHandle } from '@skerry/core';
import Bell from '@lucide/svelte/icons/bell';
import BellOff from '@lucide/svelte/icons/bell-off';
import CheckCheck from '@lucide/svelte/icons/check-check';
import { t } from '../i18n/t-pages.ts';
import type { MenuEntry, Overlays } from '../ui/overlays.svelte.ts';
import { sayFailure } from './failure.ts';
import { MUTE_FOR, mutedUntil } from './mute.ts';

/** What can be done about how a channel or conversation draws attention. */
export function quietEntries(view: ChannelView, server: ServerHandle, overlays: Overlays): MenuEntry[] {
  const { id } = view.channel;
  const attempt = (work: Promise<unknown>): void => void work.catch((error: unknown) => sayFailure(overlays, error));
  const mute = (until: number | null | undefined): void => attempt(server.muteChannel(id, until));
  const entries: MenuEntry[] = [];
  if (view.mentions > 0 || (view.unread ?? 0) > 0)
    entries.push({
      kind: 'action',
      label: t.channels.markRead,
      icon: CheckCheck,
      onselect: () => attempt(server.markRead(id)),
    });
  if (!view.member) return entries;
  if (view.muted) entries.push({ kind: 'action', label: t.ui.mute.end, icon: Bell, onselect: () => mute(undefined) });
  else
    for (const how of MUTE_FOR)
      entries.push({
        kind: 'action',
        label: t.ui.mute[how],
        icon: BellOff,
        onselect: () => mute(mutedUntil(how, new Date(Date.now()))),
      });
  return entries;
}
