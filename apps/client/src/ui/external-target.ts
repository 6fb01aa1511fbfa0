/** What may be opened outside Skerry. Everything else (javascript:, data:, file:, blob:, other apps) is refused. */
const ALLOWED = new Set(['https:', 'http:', 'mailto:']);
const MAX_LENGTH = 2048;

/** An address that passed the gate, and the short form in which a person is shown where it leads. */
export type ExternalTarget = { readonly href: string; readonly host: string };

/**
 * The gate for every address that came from somebody else: absolute, of an allowed kind, without user name or
 * password in it, at most 2,048 characters. Returns undefined for everything else.
 */
export function externalTarget(address: string): ExternalTarget | undefined {
  if (address.length > MAX_LENGTH) return undefined;
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return undefined;
  }
  if (!ALLOWED.has(url.protocol)) return undefined;
  // "https://your-bank.example@evil.example/" shows one host and leads to another.
  if (url.username !== '' || url.password !== '') return undefined;
  if (url.protocol === 'mailto:') return url.pathname === '' ? undefined : { href: url.href, host: url.pathname };
  return url.host === '' ? undefined : { href: url.href, host: url.host };
}
