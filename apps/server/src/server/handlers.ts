import { type Proof, PROTOCOL } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import type { Handlers } from '../http/router.ts';
import type { Clock, RateLimits } from '../rate-limits.ts';
import type { Identity } from './identity.ts';

export type ServerDeps = {
  readonly db: Pick<Database, 'read'>;
  readonly identity: Identity;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly version: string;
  /** What this server can do besides what every one can. */
  readonly capabilities: readonly string[];
};

/** What anyone may ask: is a Skerry server here, which one, and can it prove it. */
export function serverHandlers({
  db,
  identity,
  limits,
  clock,
  version,
  capabilities,
}: ServerDeps): Pick<Handlers, 'health' | 'info' | 'proof'> {
  return {
    health: async () => {
      const { name, iconUrl } = await db.read('server.row', null);
      return { status: 'ok', app: 'skerry', name, iconUrl, version, protocol: PROTOCOL, serverId: identity.serverId };
    },

    info: async () => {
      const row = await db.read('server.row', null);
      return {
        serverId: identity.serverId,
        key: identity.publicKey,
        words: [...identity.words],
        name: row.name,
        description: row.description,
        icon_url: row.iconUrl,
        user_count: row.userCount,
        operator: row.operator,
        version,
        protocol: PROTOCOL,
        capabilities: [...CAPABILITIES, ...capabilities],
        registration: row.registration,
        needsSetup: row.needsSetup,
        serverTime: clock.now(),
      };
    },

    proof: async ({ body, address }): Promise<Proof> => {
      limits.take('proof', address);
      return identity.prove(body);
    },
  };
}

const CAPABILITIES: string[] = ['messages', 'reactions', 'inbox', 'typing', 'presence', 'invites', 'sealed', 'keys'];
