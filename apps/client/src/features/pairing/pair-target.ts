import type { EntryId, SkerryClient } from '@skerry/core';
import {
  formatLink,
  fromBase64Url,
  type Link,
  type LinkProblem,
  parseAddress,
  parseLink,
  toBase64Url,
} from '@skerry/protocol';

export type TerminalLink = Extract<Link, { kind: 'terminal' }>;
export type CodeProblem = LinkProblem | 'empty' | 'otherKind' | 'noPrimary' | 'insecure' | 'failed';

/** Which server a code is about. Nobody is asked to find that out. */
export type PairTarget =
  /** Entries of that server, mostly one: a person may have several accounts there. `isFallback`: the code names none. */
  | { readonly kind: 'known'; readonly entries: readonly EntryId[]; readonly isFallback: boolean }
  /** `join`: a link that leads to that server and to no other. */
  | { readonly kind: 'unknown'; readonly host: string; readonly join: string }
  | { readonly kind: 'noPrimary' };

/** Reads what a camera saw or a person pasted. */
export function readCode(
  text: string,
): { readonly ok: true; readonly link: TerminalLink } | { readonly ok: false; readonly problem: CodeProblem } {
  if (text.trim() === '') return { ok: false, problem: 'empty' };
  const parsed = parseLink(text);
  if (!parsed.ok) return parsed;
  return parsed.link.kind === 'terminal' ? { ok: true, link: parsed.link } : { ok: false, problem: 'otherKind' };
}

/** The host whose server the code names; undefined when it names none. */
export function hostOf(link: TerminalLink): string | undefined {
  const named = link.server === undefined ? undefined : parseAddress(link.server);
  return named?.ok === true ? named.address.host : undefined;
}

/**
 * By the key the code names, else by its address; never by what is looked at (T4). A code that names no server is about
 * the one it leads to, if that is in the list, else about the primary one (S2.34, S2.57).
 */
export async function targetOf(
  link: TerminalLink,
  client: Pick<SkerryClient, 'servers' | 'primary'>,
): Promise<PairTarget> {
  const named = link.server === undefined ? undefined : parseAddress(link.server);
  const address = named?.ok === true ? named.address : link.address;
  const entries = client.servers.get().map(({ entry }) => entry);
  const isMeant = async ({ key, addresses }: (typeof entries)[number]): Promise<boolean> =>
    link.fp === undefined || key === ''
      ? addresses.some(({ origin }) => origin === address.origin)
      : (await fingerprintOf(key)) === link.fp;
  const meant = await Promise.all(entries.map(isMeant));
  const known = entries.filter((_, at) => meant[at]).map(({ id }) => id);
  if (known.length > 0) return { kind: 'known', entries: known, isFallback: false };
  if (named !== undefined || link.fp !== undefined) {
    const join = formatLink({ kind: 'connect', address, ...(link.fp === undefined ? {} : { fp: link.fp }) });
    return { kind: 'unknown', host: address.host, join };
  }
  const primary = client.primary.get() ?? entries[0]?.id;
  return primary === undefined ? { kind: 'noPrimary' } : { kind: 'known', entries: [primary], isFallback: true };
}

/** The code with its server named, where it leads to one of the list: an address of this page cannot hold the host. */
export function withServer(link: TerminalLink, client: Pick<SkerryClient, 'servers'>): TerminalLink {
  const { origin } = link.address;
  const isKnown = client.servers.get().some(({ entry }) => entry.addresses.some((one) => one.origin === origin));
  return link.server === undefined && isKnown ? { ...link, server: origin } : link;
}

async function fingerprintOf(key: string): Promise<string | undefined> {
  const bytes = fromBase64Url(key);
  return bytes === undefined
    ? undefined
    : toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes))));
}
