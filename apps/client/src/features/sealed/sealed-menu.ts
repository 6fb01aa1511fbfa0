import LogOut from '@lucide/svelte/icons/log-out';
import Search from '@lucide/svelte/icons/search';
import ShieldCheck from '@lucide/svelte/icons/shield-check';
import UserPlus from '@lucide/svelte/icons/user-plus';
import UsersRound from '@lucide/svelte/icons/users-round';
import { t } from '../../i18n/t-pages.ts';
import type { MenuEntry, MenuSpec } from '../../ui/overlays.svelte.ts';
import { quietEntries } from '../../state/quiet-entries.ts';
import type { SealedSide } from './sealed-side.svelte.ts';

/** Everything that can be done with an encrypted conversation. */
export function sealedMenu(side: SealedSide): MenuSpec {
  const entries: MenuEntry[] = [];
  const { view, peer } = side;
  const act = (label: string, icon: typeof Search, onselect: () => void): void => {
    entries.push({ kind: 'action', label, icon, onselect });
  };
  act(t.sealed.search.open, Search, () => side.show({ kind: 'search' }));
  act(t.sealed.details.open, UsersRound, () => side.show({ kind: 'details' }));
  if (peer !== null) act(t.sealed.details.safety, ShieldCheck, () => side.show({ kind: 'safety', account: peer }));
  if (view !== undefined) entries.push(...quietEntries(view, side.server, side.overlays));
  if (side.isGroup && side.conversation !== undefined && side.isLive) {
    act(t.sealed.details.add, UserPlus, () => side.show({ kind: 'add' }));
    entries.push({ kind: 'separator' });
    entries.push({
      kind: 'action',
      label: t.sealed.details.leave,
      icon: LogOut,
      danger: true,
      onselect: () => void side.leave(),
    });
  }
  return {
    label: t.sealed.menu(side.title),
    header: { title: side.title, detail: `${side.serverView.label} · ${t.sealed.encrypted}` },
    entries,
  };
}
