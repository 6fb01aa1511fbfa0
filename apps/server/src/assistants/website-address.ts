import { ASSISTANT_LIMITS, SkerryError } from '@skerry/protocol';

/** The address as it is kept: without a fragment. @throws SkerryError bad_request */
export function websiteAddress(typed: string): string {
  const refused = (message: string): SkerryError => new SkerryError('bad_request', { field: 'url', message });
  if (!URL.canParse(typed)) throw refused('This is no address.');
  const url = new URL(typed);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused('Only http and https addresses are read.');
  if (url.username !== '' || url.password !== '') throw refused('An address has no name or password in it here.');
  url.hash = '';
  if (url.href.length > ASSISTANT_LIMITS.websiteUrl) throw refused('This address is too long.');
  return url.href;
}
