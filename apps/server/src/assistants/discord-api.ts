import { SkerryError } from '@skerry/protocol';

const ANSWER_MS = 10_000;
const MOST_BYTES = 1024 * 1024;
/** Discord says in these bits of an application whether it may read messages that do not name it. */
const MESSAGE_CONTENT = (1 << 18) | (1 << 19);

const SNOWFLAKE = /^[1-9]\d{14,19}$/;

type Read<T> = (answer: unknown) => T | undefined;

const fields = (answer: unknown): Record<string, unknown> =>
  typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
const idOf = ({ id }: Record<string, unknown>): string | undefined =>
  typeof id === 'string' && SNOWFLAKE.test(id) ? id : undefined;

const readUser: Read<{ id: string; username: string; bot: boolean }> = (answer) => {
  const said = fields(answer);
  const id = idOf(said);
  if (id === undefined || typeof said['username'] !== 'string') return undefined;
  return { id, username: said['username'], bot: said['bot'] === true };
};

const readApplication: Read<{ id: string; flags: number | null }> = (answer) => {
  const said = fields(answer);
  const id = idOf(said);
  return id === undefined ? undefined : { id, flags: typeof said['flags'] === 'number' ? said['flags'] : null };
};

const readGuilds: Read<{ id: string; name: string }[]> = (answer) => {
  if (!Array.isArray(answer)) return undefined;
  return answer.flatMap((one: unknown) => {
    const said = fields(one);
    const id = idOf(said);
    return id === undefined || typeof said['name'] !== 'string' ? [] : [{ id, name: said['name'] }];
  });
};

export type CheckedBot = {
  readonly botId: string;
  readonly botName: string;
  readonly applicationId: string;
  readonly readsMessages: boolean | null;
};

/** The few things this server asks Discord itself, with a bot's token. The address is the operator's to choose. */
export class DiscordApi {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base.replace(/\/+$/, '');
  }

  /** @throws SkerryError bot_refused for a wrong token and for a person's, upstream_failed */
  async check(token: string): Promise<CheckedBot> {
    const me = await this.#ask('/users/@me', token, readUser);
    if (!me.bot)
      throw new SkerryError('bot_refused', {
        field: 'token',
        message: 'This is the token of a person. Only bots are connected.',
      });
    const app = await this.#ask('/oauth2/applications/@me', token, readApplication);
    return {
      botId: me.id,
      botName: me.username.slice(0, 100),
      applicationId: app.id,
      readsMessages: app.flags === null ? null : (app.flags & MESSAGE_CONTENT) !== 0,
    };
  }

  /** The guilds the bot is in. @throws SkerryError bot_refused, upstream_failed */
  async guilds(token: string): Promise<{ guildId: string; guildName: string }[]> {
    const all: { guildId: string; guildName: string }[] = [];
    for (let after = '0'; all.length < 1_000;) {
      const page = await this.#ask(`/users/@me/guilds?limit=200&after=${after}`, token, readGuilds);
      all.push(...page.map(({ id, name }) => ({ guildId: id, guildName: name.slice(0, 100) })));
      const last = page.at(-1);
      if (page.length < 200 || last === undefined || last.id === after) break;
      after = last.id;
    }
    return all.slice(0, 1_000);
  }

  async #ask<T>(path: string, token: string, readAs: Read<T>): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`${this.#base}${path}`, {
        headers: {
          authorization: `Bot ${token}`,
          accept: 'application/json',
          'user-agent': 'DiscordBot (skerry, 1.0)',
        },
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch {
      // The cause may quote the request; it is not passed on.
      throw new SkerryError('upstream_failed', { message: 'Discord cannot be reached now.' });
    }
    if (response.status === 401 || response.status === 403) {
      await response.body?.cancel();
      throw new SkerryError('bot_refused', { field: 'token' });
    }
    if (!response.ok) {
      const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
      await response.body?.cancel();
      throw new SkerryError('upstream_failed', {
        message: `Discord answered ${response.status}.`,
        ...(Number.isFinite(wait) && wait > 0 ? { retryAfterMs: Math.min(60_000, Math.ceil(wait * 1_000)) } : {}),
      });
    }
    const read = readAs(await smallJson(response));
    if (read === undefined)
      throw new SkerryError('upstream_failed', { message: 'Discord answered with something else.' });
    return read;
  }
}

async function smallJson(response: Response): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      size += part.length;
      if (size > MOST_BYTES) return undefined;
      parts.push(part);
    }
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
