import type { Database } from '../db/database.ts';
import type { Clock, RateLimits } from '../rate-limits.ts';
import type { Answerer } from './answerer.ts';
import type { Changes } from './changes.ts';
import type { DiscordApi } from './discord-api.ts';
import type { RunnerSessions } from './runner-sessions.ts';
import type { StoredSecrets } from './stored-secrets.ts';
import type { Websites } from './websites.ts';

/** What the handlers of assistants work with. */
export type AssistantDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly serverId: string;
  readonly secrets: StoredSecrets;
  readonly discord: DiscordApi;
  readonly websites: Websites;
  readonly answerer: Answerer;
  readonly runners: RunnerSessions;
  readonly changes: Changes;
  /** The operator's model, without its key. */
  readonly serverModel: { readonly endpoint: string; readonly model: string } | null;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
};
