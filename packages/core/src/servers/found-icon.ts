import { LIMITS, toBase64Url } from '@skerry/protocol';
import { Api } from '../api/api.ts';
import { SignedOutError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import type { Found } from '../views.ts';
import { type Picture, pictureType } from './picture.ts';
import { iconDigest } from './server-icon.ts';

/**
 * The picture of a server that was found and has just proved its key, from that very address. Nothing is kept; whatever
 * is wrong with it, there is none.
 */
export async function foundIcon(platform: Platform, found: Found, signal: AbortSignal): Promise<Picture | undefined> {
  const digest = iconDigest(found.info.icon_url);
  if (digest === undefined) return undefined;
  const nobody = (): Promise<never> => Promise.reject(new SignedOutError('never'));
  const api = new Api({
    http: platform.http,
    proven: () => Promise.resolve(found.origin),
    access: { token: nobody, renewed: nobody },
  });
  try {
    const bytes = await api.call('icon', { params: { digest }, signal });
    const type = pictureType(bytes);
    if (type === undefined || bytes.length > LIMITS.iconBytes) return undefined;
    const isIt = toBase64Url(await platform.crypto.sha256(bytes)) === digest;
    return isIt ? { type, bytes } : undefined;
  } catch {
    return undefined;
  }
}
