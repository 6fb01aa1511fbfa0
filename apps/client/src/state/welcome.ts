import { publicKey, secretCode, serverId, username } from '@skerry/protocol';
import type { Found, SkerryClient } from '@skerry/core';

/** A one-time sign-in that the program behind this page, on this very machine, has prepared. */
export type PreparedSignIn = {
  readonly origin: string;
  readonly serverId: string;
  /** The server that answers there must prove this one. */
  readonly key: string;
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
      publicKey.safeParse(given['key']).success &&
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
  const found = await Promise.all(offered.map((one) => find(client, one, signal)));
  // One after the other, so that they stand in the list as they were offered.
  for (const [at, one] of offered.entries()) {
    const server = found[at];
    if (server !== undefined)
      await client.join(server, { kind: 'exchange', code: one.code }, signal).catch(() => undefined);
  }
}

async function find(client: SkerryClient, prepared: PreparedSignIn, signal: AbortSignal): Promise<Found | undefined> {
  const isKnown = client.servers
    .get()
    .some(({ entry }) => entry.serverId === prepared.serverId && entry.account?.username === prepared.username);
  if (isKnown) return undefined;
  const result = await client.probe(prepared.origin, { allowPlain: false, signal, onStep: () => undefined });
  if (!result.ok) return undefined;
  const { info } = result.found;
  return info.serverId === prepared.serverId && info.key === prepared.key ? result.found : undefined;
}
