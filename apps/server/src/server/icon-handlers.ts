import { createHash } from 'node:crypto';
import { SkerryError } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import { wholeBody } from '../http/bytes.ts';
import type { Handlers } from '../http/router.ts';
import type { RateLimits } from '../rate-limits.ts';
import { iconUrl } from './icon.ts';
import { sniffPicture } from './picture.ts';

export type IconDeps = { readonly db: Pick<Database, 'read' | 'write'>; readonly limits: RateLimits };

/** The server's picture. Its address holds its digest, so what is behind an address never changes. */
export function iconHandlers({ db, limits }: IconDeps): Pick<Handlers, 'icon' | 'setIcon' | 'removeIcon'> {
  return {
    icon: async ({ params }) => {
      const { type, bytes } = await db.read('server.icon', params);
      async function* parts(): AsyncGenerator<Uint8Array> {
        yield bytes;
      }
      return { type, size: bytes.length, parts: parts(), cache: 'forever' };
    },

    setIcon: async ({ caller, body }) => {
      limits.take('upload', caller.account);
      await db.read('server.requireIconEditor', { caller });
      const bytes = await wholeBody(body);
      const picture = sniffPicture(bytes);
      if (picture === undefined)
        throw new SkerryError('bad_request', { message: 'The icon must be a PNG, JPEG or WebP of sensible size.' });
      const digest = createHash('sha256').update(bytes).digest('base64url');
      await db.write('server.setIcon', { caller, icon: { digest, type: picture.type, bytes } });
      return { iconUrl: iconUrl(digest) };
    },

    removeIcon: async ({ caller }) => {
      await db.write('server.removeIcon', { caller });
      return {};
    },
  };
}
