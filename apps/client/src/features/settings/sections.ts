import Bot from '@lucide/svelte/icons/bot';
import Info from '@lucide/svelte/icons/info';
import KeyRound from '@lucide/svelte/icons/key-round';
import Keyboard from '@lucide/svelte/icons/keyboard';
import MonitorSmartphone from '@lucide/svelte/icons/monitor-smartphone';
import Palette from '@lucide/svelte/icons/palette';
import Server from '@lucide/svelte/icons/server';
import ShieldCheck from '@lucide/svelte/icons/shield-check';
import User from '@lucide/svelte/icons/user';
import type { SkerryClient } from '@skerry/core';
import { t } from '../../i18n/t-pages.ts';
import { hrefOf, type Route, type SettingsSection } from '../../shell/route.ts';
import type { MenuIcon } from '../../ui/overlays.svelte.ts';
import { viewport } from '../../ui/viewport.svelte.ts';

export type SettingsEntry = {
  readonly id: SettingsSection | 'servers' | 'assistants';
  readonly label: string;
  readonly icon: MenuIcon;
  readonly href: string;
};

/** The sections a person has: the list of servers only in a hub, administration only where they administer something. */
export function settingsEntries(client: SkerryClient): readonly SettingsEntry[] {
  const section = (id: SettingsSection, label: string, icon: MenuIcon): SettingsEntry => ({
    id,
    label,
    icon,
    href: hrefOf({ kind: 'settings', section: id }),
  });
  const isAdmin = client.servers
    .get()
    .some(({ entry }) => ['owner', 'admin'].includes(client.server(entry.id)?.me.get()?.role ?? ''));
  return [
    ...(client.mode === 'hub'
      ? [{ id: 'servers', label: t.settings.servers, icon: Server, href: '#/servers' } as const]
      : []),
    section('you', t.settings.you, User),
    section('keys', t.identity.title, KeyRound),
    section('devices', t.identity.devices.title, MonitorSmartphone),
    // Where there is no rail beside, this is the way there.
    ...(client.mode === 'hosted' || viewport.isPhone
      ? [{ id: 'assistants', label: t.settings.assistants, icon: Bot, href: '#/assistants' } as const]
      : []),
    section('appearance', t.settings.appearance, Palette),
    section('keyboard', t.settings.shortcuts, Keyboard),
    ...(isAdmin ? [section('admin', t.settings.admin, ShieldCheck)] : []),
    section('about', t.settings.about, Info),
  ];
}

/** Which section a route shows. */
export const sectionOf = (route: Route): string => (route.kind === 'settings' ? route.section : route.kind);
