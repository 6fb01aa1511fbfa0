import type { EntryId, SkerryClient } from '@skerry/core';
import { neighbour } from '../features/channels/channel-groups.ts';
import { t } from '../i18n/t.ts';
import { entryOf } from '../shell/route.ts';
import type { Router } from '../shell/router.svelte.ts';
import type { Shortcut } from '../shell/shortcuts.svelte.ts';

export type ShellShortcutsParts = {
  readonly client: SkerryClient;
  readonly router: Router;
  readonly openPalette: () => void;
  readonly openHelp: () => void;
};

/** The keys that work everywhere. In a browser tab Ctrl with a digit belongs to the browser, so Alt joins it. */
export function shellShortcuts({ client, router, openPalette, openHelp }: ShellShortcutsParts): readonly Shortcut[] {
  const goServer = (index: number): void => {
    const view = client.servers.get()[index];
    if (view !== undefined) router.go({ kind: 'server', entry: view.entry.id });
  };
  const stepServer = (step: 1 | -1): void => {
    const list = client.servers.get();
    const at = list.findIndex((view) => view.entry.id === entryOf(router.route));
    goServer(at === -1 ? 0 : (at + step + list.length) % list.length);
  };
  const stepChannel = (step: 1 | -1, unreadOnly: boolean): void => {
    const { route } = router;
    const entry = entryOf(route);
    const server = entry === undefined ? undefined : client.server(entry as EntryId);
    if (server === undefined || entry === undefined) return;
    const next = neighbour(server.channels.get(), route.kind === 'channel' ? route.channel : undefined, {
      step,
      unreadOnly,
    });
    if (next !== undefined) router.go({ kind: 'channel', entry, channel: next.channel.id, message: undefined });
  };
  /** On many keyboards AltGr counts as Ctrl+Alt: then the person is writing a character. */
  const unlessWriting = (run: () => void) => (event: KeyboardEvent) => {
    if (event.getModifierState('AltGraph')) return;
    event.preventDefault();
    run();
  };
  const isHub = client.mode === 'hub';
  const everywhere: Shortcut[] = [
    { keys: '$mod+KeyK', group: 'everywhere', label: t.shortcuts.openPalette, run: unlessWriting(openPalette) },
    { keys: 'Shift+?', group: 'everywhere', label: t.shortcuts.help, run: unlessWriting(openHelp) },
    {
      keys: 'Alt+ArrowDown',
      group: 'servers',
      label: t.shortcuts.nextChannel,
      run: unlessWriting(() => stepChannel(1, false)),
    },
    {
      keys: 'Alt+ArrowUp',
      group: 'servers',
      label: t.shortcuts.previousChannel,
      run: unlessWriting(() => stepChannel(-1, false)),
    },
    {
      keys: 'Alt+Shift+ArrowDown',
      group: 'servers',
      label: t.shortcuts.nextUnread,
      run: unlessWriting(() => stepChannel(1, true)),
    },
    {
      keys: 'Alt+Shift+ArrowUp',
      group: 'servers',
      label: t.shortcuts.previousUnread,
      run: unlessWriting(() => stepChannel(-1, true)),
    },
  ];
  if (!isHub) return [...everywhere, ...shownOnly()];
  return [
    ...everywhere,
    {
      keys: 'Control+Alt+PageDown',
      group: 'servers',
      label: t.shortcuts.nextServer,
      run: unlessWriting(() => stepServer(1)),
    },
    {
      keys: 'Control+Alt+PageUp',
      group: 'servers',
      label: t.shortcuts.previousServer,
      run: unlessWriting(() => stepServer(-1)),
    },
    ...[...'123456789'].map((digit, index): Shortcut => ({
      keys: `Control+Alt+Digit${digit}`,
      group: 'servers',
      label: t.shortcuts.serverNumber,
      // One line stands for all nine.
      hidden: index > 0,
      run: unlessWriting(() => goServer(index)),
    })),
    {
      keys: 'Alt+Shift+ArrowUp',
      group: 'servers',
      label: t.shortcuts.moveServer,
      run: () => undefined,
      shownOnly: true,
    },
    ...shownOnly(),
  ];
}

function shownOnly(): readonly Shortcut[] {
  const keys = [
    ['Enter', t.shortcuts.send],
    ['Shift+Enter', t.shortcuts.newLine],
    ['ArrowUp', t.shortcuts.editLast],
    ['$mod+KeyB', t.shortcuts.bold],
    ['$mod+KeyI', t.shortcuts.italic],
    ['$mod+KeyE', t.shortcuts.code],
    ['Escape', t.shortcuts.cancel],
    ['r', t.shortcuts.reply],
    ['e', t.shortcuts.editThis],
    ['+', t.shortcuts.react],
    ['Delete', t.shortcuts.remove],
  ] as const;
  return keys.map(([press, label]) => ({
    keys: press,
    label,
    group: 'messages',
    run: () => undefined,
    shownOnly: true,
  }));
}
