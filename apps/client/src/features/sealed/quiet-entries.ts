import type { ChannelView, ServerHandle } from '@skerry/core';
import Bell from '@lucide/svelte/icons/bell';
import BellOff from '@lucide/svelte/icons/bell-off';
import CheckCheck from '@lucide/svelte/icons/check-check';
import { t } from '../../i18n/t-pages.ts';
import { sayFailure } from '../../state/failure.ts';
import { mutedUntil } from '../../state/mute.ts';
import type { MenuEntry, Overlays } from '../../ui/overlays.svelte.ts';

/** What can be done about how an encrypted conversation draws attention. */
export function quietEntries(view: ChannelView, server: ServerHandle, overlays: Overlays): MenuEntry[] {
  const { id } = view.channel;
  const attempt = (work: Promise<unknown>): void => void work.catch((error: unknown) => sayFailure(overlays, error));
  const entries: MenuEntry[] = [];
  if (view.mentions > 0 || (view.unread ?? 0) > 0)
    entries.push({
      kind: 'action',
      label: t.sealed.markRead,
      icon: CheckCheck,
      onselect: () => attempt(server.markRead(id)),
    });
  if (view.muted)
    entries.push({
      kind: 'action',
      label: t.ui.mute.end,
      icon: Bell,
      onselect: () => attempt(server.muteChannel(id, undefined)),
    });
  else
    for (const how of ['hour', 'tomorrow', 'always'] as const)
      entries.push({
        kind: 'action',
        label: t.ui.mute[how],
        icon: BellOff,
        onselect: () => attempt(server.muteChannel(id, mutedUntil(how, new Date(Date.now())))),
      });
  return entries;
}
