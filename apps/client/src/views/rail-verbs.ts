import type { EntryId, SkerryClient } from '@skerry/core';
import type { ServerVerbs as RailVerbs } from '../features/rail/server-menu.ts';
import type { ServerVerbs } from '../features/servers/server-verbs.svelte.ts';
import { t } from '../i18n/t.ts';
import type { Router } from '../shell/router.svelte.ts';
import { sayFailure } from '../state/failure.ts';
import { mutedUntil } from '../state/mute.ts';
import type { Overlays } from '../ui/overlays.svelte.ts';

export type RailVerbsParts = {
  readonly client: SkerryClient;
  readonly router: Router;
  readonly overlays: Overlays;
  readonly verbs: ServerVerbs;
  readonly details: (id: EntryId) => void;
  readonly signIn: (id: EntryId) => void;
};

/** Joins the menu of a server to those who do what it offers. */
export function railVerbs(parts: RailVerbsParts): RailVerbs {
  const { client, router, overlays, verbs, details, signIn } = parts;
  const attempt = (work: Promise<unknown> | undefined, said?: () => string): void =>
    void work?.then(
      () => {
        if (said !== undefined) overlays.toast({ text: said(), id: 'server-verb' });
      },
      (error: unknown) => sayFailure(overlays, error),
    );
  const labelOf = (id: EntryId): string => client.server(id)?.view.get().label ?? '';
  return {
    open: (id) => router.go({ kind: 'server', entry: id }),
    markAllRead: (id) => attempt(client.server(id)?.markAllRead(), () => t.rail.markedRead(labelOf(id))),
    mute: (id, how) =>
      attempt(client.server(id)?.update({ muted: true, mutedUntil: mutedUntil(how, new Date(Date.now())) })),
    unmute: (id) => attempt(client.server(id)?.update({ muted: false, mutedUntil: null })),
    move: (id, toIndex) => attempt(client.move(id, toIndex)),
    rename: (id) => verbs.rename(id),
    details,
    devices: (id) => router.go({ kind: 'settings', section: 'devices', entry: id }),
    copyAddress: (id) => {
      const origin = client.server(id)?.view.get().entry.addresses[0]?.origin;
      // Absent on plain http beyond this machine.
      const clipboard = navigator.clipboard as Clipboard | undefined;
      if (origin === undefined) return;
      if (clipboard === undefined) overlays.toast({ text: t.ui.copyFailed, tone: 'danger' });
      else attempt(clipboard.writeText(origin), () => t.rail.addressCopied);
    },
    tryNow: (id) => client.server(id)?.tryNow(),
    pause: (id) => void verbs.pause(id),
    resume: (id) => void verbs.resume(id),
    signIn,
    signOut: (id) => void verbs.ask('signOut', id),
    remove: (id) => void verbs.ask('remove', id),
  };
}
