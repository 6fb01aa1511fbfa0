import type { SkerryClient } from '@skerry/core';
import { parseLink } from '@skerry/protocol';
import { t } from '../i18n/t.ts';
import { openExternal } from '../platform/open-external.ts';
import type { Router } from '../shell/router.svelte.ts';
import type { FollowLink } from '../state/follow-link.ts';
import type { Overlays } from '../ui/overlays.svelte.ts';

export type FollowLinkParts = {
  readonly client: Pick<SkerryClient, 'mode' | 'entryOfLink'>;
  readonly router: Pick<Router, 'go'>;
  readonly overlays: Pick<Overlays, 'toast' | 'confirm'>;
};

/** Follows addresses for whoever draws them. */
export function followLink(parts: FollowLinkParts): FollowLink {
  return (href) => {
    const parsed = parseLink(href);
    if (parsed.ok && parsed.link.kind === 'open') void openLinked(href, parts);
    else if (!openExternal(href)) parts.overlays.toast({ text: t.ui.openLinkFailed, tone: 'danger' });
  };
}

/**
 * Goes to the message or channel that a link of the kind `open` names. A server that is not in the list is offered to be
 * added; nothing is asked of it before that. What is gone is said by the channel itself.
 */
export async function openLinked(
  text: string,
  { client, router, overlays }: FollowLinkParts,
  replace = false,
): Promise<void> {
  const parsed = parseLink(text);
  if (!parsed.ok || parsed.link.kind !== 'open') return router.go({ kind: 'notFound' }, { replace });
  const { link } = parsed;
  const entry = await client.entryOfLink(link);
  if (entry !== undefined)
    return router.go({ kind: 'channel', entry, channel: link.channel, message: link.message }, { replace });
  if (replace) router.go({ kind: 'home' }, { replace });
  if (client.mode === 'hosted') {
    overlays.toast({ text: t.app.linked.elsewhere(link.address.host), id: 'linked' });
    return;
  }
  const agreed = await overlays.confirm({
    title: t.app.linked.unknown(link.address.host),
    text: t.app.linked.unknownText,
    confirm: t.app.linked.add,
  });
  if (agreed) router.go({ kind: 'add', input: link.address.origin });
}
