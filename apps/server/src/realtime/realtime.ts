import type { Database } from '../db/database.ts';
import type { Machines } from '../machines/machines.ts';
import type { Commands } from '../log/commands.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { KillSwitch } from '../testing/kill-points.ts';
import type { OpenVoice } from '../voice/open-voice.ts';
import { Gateway, type GatewayOptions } from './gateway.ts';
import { Hub } from './hub.ts';
import { Presence } from './presence.ts';
import { Replies } from './replies.ts';

export type RealtimeOptions = Pick<
  GatewayOptions,
  'authenticate' | 'prove' | 'origins' | 'trustProxy' | 'now' | 'onFault' | 'onClosed'
> & {
  readonly db: Database;
  readonly commands: Commands;
  readonly limits: RateLimits;
  readonly kill: KillSwitch;
  /** Null or missing where people have no machines. */
  readonly machines?: Machines | null;
  readonly voice?: OpenVoice | null;
  readonly mostSockets?: number;
};

/** Bytes one socket may leave unread. SPEC L-11. */
const SLOW_BYTES = 1_024 * 1_024;
const MOST_SOCKETS = 20_000;

/** Connects the database's commits to the sockets. @returns the gateway; closing it ends all of it */
export async function openRealtime({
  db,
  kill,
  machines = null,
  voice = null,
  mostSockets = MOST_SOCKETS,
  ...rest
}: RealtimeOptions): Promise<Gateway> {
  const hub = new Hub(await db.read('log.position', null), {
    slowBytes: SLOW_BYTES,
    later: setImmediate,
    onFlushed: () => kill.pass('published'),
  });
  db.onCommitted((output) => hub.publish(output));
  return new Gateway({
    ...rest,
    mostSockets,
    hub,
    voice: voice?.voice ?? null,
    media: voice?.media ?? null,
    live: machines?.connect({ later: setImmediate }) ?? null,
    presence: new Presence(hub),
    replies: new Replies(hub, () => kill.pass('answered')),
    connect: (caller, resume) => db.read('log.connection', { ...caller, resume }),
  });
}
