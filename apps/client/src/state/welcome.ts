import { secretCode, serverId, username } from '@skerry/protocol';
import type { SkerryClient } from '@skerry/core';

/** A one-time sign-in that the program behind this page, on this very machine, has prepared. */
export type PreparedSignIn = {
  readonly origin: string;
  readonly serverId: string;
  readonly username: string;
  readonly code: string;
};

const MOST = 16;

/** Reads what the page was offered. Total: what is not as it should be is left out. */
export function readSignIns(body: unknown): readonly PreparedSignIn[] {
  if (!Array.isArray(body)) return [];
  return body.slice(0, MOST).flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null) return [];
    const given = item as Record<string, unknown>;
    const isFit =
      typeof given['origin'] === 'string' &&
      serverId.safeParse(given['serverId']).success &&
      username.safeParse(given['username']).success &&
      secretCode.safeParse(given['code']).success;
    return isFit ? [given as PreparedSignIn] : [];
  });
}

/**
 * Joins the prepared servers that are not in the list yet. Each proves its key first, as any other; one that does not
 * answer is left for the next start. Only asked where the page says that there is something to ask for.
 */
export async function acceptWelcome(client: SkerryClient, path: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(path, { signal, cache: 'no-store', redirect: 'error', credentials: 'omit' });
  if (!answer.ok) return;
  const offered = readSignIns(await answer.json());
  // One after the other: the order offered is the order of the list. One that fails keeps none of the others back.
  for (const one of offered) await joinPrepared(client, one, signal).catch(() => undefined);
}

async function joinPrepared(client: SkerryClient, prepared: PreparedSignIn, signal: AbortSignal): Promise<void> {
  const isKnown = client.servers
    .get()
    .some(({ entry }) => entry.serverId === prepared.serverId && entry.account?.username === prepared.username);
  if (isKnown) return;
  const result = await client.probe(prepared.origin, { allowPlain: false, signal, onStep: () => undefined });
  if (!result.ok || result.found.info.serverId !== prepared.serverId) return;
  await client.join(result.found, { kind: 'exchange', code: prepared.code }, signal);
}
