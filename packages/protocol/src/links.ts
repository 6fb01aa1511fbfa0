import * as z from 'zod/mini';
import { secretCode } from './accounts.ts';
import { type Address, parseAddress } from './address.ts';
import { channelId, messageId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { publicKey } from './server.ts';

/** SHA-256 of a key, base64url: the fingerprint whose first 66 bits are the six words. */
const fingerprint = publicKey;
const server = z.string().check(
  z.maxLength(300),
  z.refine((value) => parseAddress(value).ok),
);

const kinds = {
  connect: z.strictObject({ fp: z.optional(fingerprint) }),
  join: z.strictObject({ invite: secretCode, fp: z.optional(fingerprint) }),
  reset: z.strictObject({ code: secretCode, fp: z.optional(fingerprint) }),
  terminal: z.strictObject({
    key: publicKey,
    commit: publicKey,
    server: z.optional(server),
    fp: z.optional(fingerprint),
  }),
  open: z.strictObject({ channel: channelId, message: z.optional(messageId), fp: z.optional(fingerprint) }),
};

type Kinds = typeof kinds;
export type LinkKind = keyof Kinds;
export type Link = { [K in LinkKind]: { readonly kind: K; readonly address: Address } & z.infer<Kinds[K]> }[LinkKind];
export type LinkProblem = 'not_a_link' | 'too_long' | 'bad_host' | 'unknown_kind' | 'bad_params' | 'foreign_pairing';
export type ParsedLink =
  { readonly ok: true; readonly link: Link } | { readonly ok: false; readonly problem: LinkProblem };

/**
 * Reads a link of the one grammar. Total: any text gives a link or a problem, and nothing is fetched or opened. SPEC P-17.
 *
 * `https://<host>/l/<kind>#<params>` and `skerry://<kind>/<host>?<params>`; http only for this very machine.
 * `echora://connect/<host>` and `echora://join/<host>?invite=…` are read as well. A `happy://` or `echora://` pairing code
 * is recognised and refused, since pairing there hands over the person's master secret.
 */
export function parseLink(input: string): ParsedLink {
  const text = input.trim();
  if (text.length > LIMITS.link) return bad('too_long');
  if (/^happy:\/\//i.test(text) || /^echora:\/\/(?:terminal|pair)/i.test(text)) return bad('foreign_pairing');
  const own = /^(?:skerry|echora):\/\/([a-z]+)\/([^/?#\s]+)\/?(?:\?([^#\s]*))?$/i.exec(text);
  if (own) return build(own[1] ?? '', own[2] ?? '', own[3] ?? '');
  const web = /^(https?:\/\/[^/?#\s]+)\/l\/([a-z]+)(?:#(\S*))?$/i.exec(text);
  if (web) return build(web[2] ?? '', web[1] ?? '', web[3] ?? '');
  return bad('not_a_link');
}

/** Writes a link in its https form, which any phone's camera can open. */
export function formatLink(link: Link): string {
  const { kind, address, ...rest } = link;
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) params.set(name, value);
  const query = params.toString();
  return `${address.origin}/l/${kind}${query === '' ? '' : `#${query}`}`;
}

function build(kind: string, host: string, query: string): ParsedLink {
  const parsed = parseAddress(host);
  if (!parsed.ok || (!parsed.address.encrypted && !parsed.address.loopback)) return bad('bad_host');
  if (!Object.hasOwn(kinds, kind)) return bad('unknown_kind');
  const params: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (Object.hasOwn(params, name)) return bad('bad_params');
    params[name] = value;
  }
  const read = kinds[kind as LinkKind].safeParse(params);
  if (!read.success) return bad('bad_params');
  return { ok: true, link: { kind, address: parsed.address, ...read.data } as Link };
}

function bad(problem: LinkProblem): ParsedLink {
  return { ok: false, problem };
}
