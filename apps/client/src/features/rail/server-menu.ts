import type { EntryId, ServerView } from '@skerry/core';
import ArrowDown from '@lucide/svelte/icons/arrow-down';
import ArrowUp from '@lucide/svelte/icons/arrow-up';
import Activity from '@lucide/svelte/icons/activity';
import Bell from '@lucide/svelte/icons/bell';
import BellOff from '@lucide/svelte/icons/bell-off';
import CheckCheck from '@lucide/svelte/icons/check-check';
import Copy from '@lucide/svelte/icons/copy';
import ExternalLink from '@lucide/svelte/icons/arrow-right';
import LogIn from '@lucide/svelte/icons/log-in';
import LogOut from '@lucide/svelte/icons/log-out';
import MonitorSmartphone from '@lucide/svelte/icons/monitor-smartphone';
import Palette from '@lucide/svelte/icons/palette';
import Pause from '@lucide/svelte/icons/pause';
import Play from '@lucide/svelte/icons/play';
import RotateCw from '@lucide/svelte/icons/rotate-cw';
import Trash2 from '@lucide/svelte/icons/trash-2';
import { accountOf } from '../../state/connection-words.ts';
import { t } from '../../i18n/t.ts';
import { MUTE_FOR, type MuteFor } from '../../state/mute.ts';
import type { MenuEntry, MenuIcon, MenuSpec } from '../../ui/overlays.svelte.ts';

/** What the menu of a server leads to. Each says its consequence before it does anything that cannot be undone. */
export interface ServerVerbs {
  open(id: EntryId): void;
  markAllRead(id: EntryId): void;
  mute(id: EntryId, how: MuteFor): void;
  unmute(id: EntryId): void;
  move(id: EntryId, toIndex: number): void;
  rename(id: EntryId): void;
  details(id: EntryId): void;
  /** The person's own devices on it. */
  devices(id: EntryId): void;
  copyAddress(id: EntryId): void;
  tryNow(id: EntryId): void;
  pause(id: EntryId): void;
  resume(id: EntryId): void;
  signIn(id: EntryId): void;
  signOut(id: EntryId): void;
  remove(id: EntryId): void;
}

export type ServerMenuPlace = {
  /** Place in the order; undefined where servers have none (a client pinned to one). */
  readonly index: number | undefined;
  readonly count: number;
  /** The one on screen needs no "Open". */
  readonly isOpen: boolean;
};

export function serverMenu(view: ServerView, verbs: ServerVerbs, place: ServerMenuPlace): MenuSpec {
  const { id, muted, account } = view.entry;
  const { state } = view;
  const entries: MenuEntry[] = [];
  const add = (label: string, icon: MenuIcon, onselect: () => void): void => {
    entries.push({ kind: 'action', label, icon, onselect });
  };
  const part = (): void => {
    if (entries.length > 0 && entries[entries.length - 1]?.kind !== 'separator') entries.push({ kind: 'separator' });
  };

  if (!place.isOpen) add(t.rail.menu.open, ExternalLink, () => verbs.open(id));
  if (view.unread || view.mentions > 0) add(t.rail.menu.markRead, CheckCheck, () => verbs.markAllRead(id));
  if (muted) add(t.ui.mute.end, Bell, () => verbs.unmute(id));
  else for (const how of MUTE_FOR) add(t.ui.mute[how], BellOff, () => verbs.mute(id, how));
  if (place.index !== undefined && place.count > 1) {
    const { index } = place;
    part();
    if (index > 0) add(t.rail.menu.moveUp, ArrowUp, () => verbs.move(id, index - 1));
    if (index < place.count - 1) add(t.rail.menu.moveDown, ArrowDown, () => verbs.move(id, index + 1));
  }
  part();
  if (place.index !== undefined) add(t.rail.menu.rename, Palette, () => verbs.rename(id));
  add(t.rail.menu.details, Activity, () => verbs.details(id));
  if (account !== null) add(t.rail.menu.devices, MonitorSmartphone, () => verbs.devices(id));
  add(t.rail.menu.copyAddress, Copy, () => verbs.copyAddress(id));
  if (state.kind === 'waiting') add(t.rail.menu.tryNow, RotateCw, () => verbs.tryNow(id));
  part();
  if (place.index !== undefined) {
    if (state.kind === 'disabled') add(t.rail.menu.resume, Play, () => verbs.resume(id));
    else add(t.rail.menu.pause, Pause, () => verbs.pause(id));
  }
  if (state.kind === 'signedOut') add(t.rail.menu.signIn, LogIn, () => verbs.signIn(id));
  else if (account !== null) add(t.rail.menu.signOut, LogOut, () => verbs.signOut(id));
  if (place.index !== undefined)
    entries.push({
      kind: 'action',
      label: t.rail.menu.remove,
      icon: Trash2,
      danger: true,
      onselect: () => verbs.remove(id),
    });

  const who = accountOf(view);
  return {
    label: t.rail.menuLabel(view.label),
    header: { title: view.label, detail: who === undefined ? view.host : t.rail.tipLine(view.host, who) },
    entries,
    side: 'right',
  };
}
