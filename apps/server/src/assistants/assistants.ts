import type { Database } from '../db/database.ts';
import type { Handlers } from '../http/router.ts';
import type { Clock, RateLimits } from '../rate-limits.ts';
import { Answerer } from './answerer.ts';
import type { AssistantsConfig } from './assistants-config.ts';
import { Changes } from './changes.ts';
import { chatHandlers } from './chat-handlers.ts';
import { DiscordApi } from './discord-api.ts';
import { discordHandlers } from './discord-handlers.ts';
import { guildHandlers } from './guild-handlers.ts';
import { MODEL_TIMES } from './model-answer.ts';
import { modelHandlers } from './model-handlers.ts';
import type { AssistantRoute } from './off.ts';
import { Outbound } from './outbound.ts';
import { runnerHandlers } from './runner-handlers.ts';
import { RunnerSessions } from './runner-sessions.ts';
import { StoredSecrets } from './stored-secrets.ts';
import { WebsiteReader } from './website-reader.ts';
import { Websites } from './websites.ts';

export type AssistantsOptions = {
  readonly config: AssistantsConfig;
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly every: (ms: number, task: () => void) => () => void;
  readonly serverId: string;
  /** Folder of the key that secrets are kept with. */
  readonly data: string;
  readonly onFault: (error: unknown) => void;
  /** Called once, soon after the start, when the key does not open so many bot tokens and keys of models. */
  readonly onUnreadable: (count: number) => void;
};

const WEBSITE_GAP_MS = 1_000;

/** Assistants of one server: what answers their routes, and what goes on by itself until it is disposed of. */
export class Assistants implements AsyncDisposable {
  readonly handlers: Pick<Handlers, AssistantRoute>;
  /** @throws SkerryError unauthorized */
  readonly authenticateRunner: (token: string) => { readonly runner: string };
  readonly #stop = new AbortController();
  readonly #websites: Websites;
  readonly #untidy: () => void;
  readonly #looking: Promise<unknown>;

  constructor({ config, db, limits, clock, every, serverId, data, onFault, onUnreadable }: AssistantsOptions) {
    const outbound = new Outbound({ allowLoopback: config.allowLoopback });
    const changes = new Changes();
    const secrets = StoredSecrets.load(data);
    this.#looking = unreadable(db, secrets).then((count) => count > 0 && onUnreadable(count), onFault);
    const runners = new RunnerSessions(clock);
    this.#websites = new Websites({
      db,
      clock,
      reader: new WebsiteReader(outbound),
      every,
      gapMs: WEBSITE_GAP_MS,
      onFault,
      onChanged: () => changes.notify(),
    });
    this.#untidy = every(60 * 60_000, () => void db.write('assistants.tidy', { now: clock.now() }).catch(onFault));
    const answerer = new Answerer({
      db,
      clock,
      secrets,
      serverModel: config.model,
      guardedFetch: outbound.fetch,
      times: MODEL_TIMES,
      onFault,
    });
    const deps = {
      db,
      limits,
      clock,
      serverId,
      secrets,
      discord: new DiscordApi(config.discordApi),
      websites: this.#websites,
      answerer,
      runners,
      changes,
      serverModel: config.model,
      stopping: this.#stop.signal,
    };
    this.authenticateRunner = (token) => runners.check(token);
    this.handlers = {
      ...guildHandlers(deps),
      ...discordHandlers(deps),
      ...modelHandlers(deps),
      ...chatHandlers(deps),
      ...runnerHandlers(deps),
    };
  }

  /** Ends answers and questions that wait; to be called before the router waits for requests to finish. */
  stopAnswering(): void {
    this.#stop.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopAnswering();
    this.#untidy();
    await this.#looking;
    await this.#websites[Symbol.asyncDispose]();
  }
}

/** How much is kept that the key does not open: it is another one than it was sealed with. */
async function unreadable(db: Pick<Database, 'read'>, secrets: StoredSecrets): Promise<number> {
  const kept = await db.read('assistants.sealed', null);
  return kept.filter(({ sealed, ...place }) => secrets.open(sealed, place) === undefined).length;
}
