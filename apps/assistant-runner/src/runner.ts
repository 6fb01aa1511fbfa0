import { SkerryError } from '@skerry/protocol';
import { Api, NotRegisteredError } from './api.ts';
import { Backoff } from './backoff.ts';
import type { Config } from './config.ts';
import { takeFolder } from './files.ts';
import { Fleet } from './fleet.ts';
import { Journal } from './journal.ts';
import { type Log, whereOf } from './log.ts';
import { keepPin, OtherServerError, readPin, wordsOf } from './pin.ts';
import { Reporter } from './reporter.ts';
import { RunnerKeys } from './runner-keys.ts';

/** What a runner says to the person who started it. */
export type Say = (event: { readonly event: string } & Record<string, unknown>, sentence: string) => void;

const REGISTER_MS = 2_000;
const LAST_REPORT_MS = 5_000;

/**
 * One runner from start to end.
 * @param stop when it fires, what is being sent ends, counts are reported, and Discord is left
 * @throws OtherServerError when another server answers at the first contact; Error with a sentence when the folder is taken
 */
export async function runRunner(config: Config, outside: { say: Say; log: Log; stop: AbortSignal }): Promise<void> {
  const { say, log, stop } = outside;
  const release = takeFolder(config.data);
  try {
    const keys = RunnerKeys.open(config.data);
    const { publicKey, boxKey } = keys;
    say(
      { event: 'keys', publicKey, boxKey },
      `This runner's keys, for an admin to register:\n  publicKey ${publicKey}\n  boxKey    ${boxKey}`,
    );
    using journal = Journal.open(config.data);
    const api = new Api({
      origin: config.server,
      keys,
      pin: () => readPin(config.data) ?? config.pin,
      proved: (pin) => {
        if (readPin(config.data)?.key === pin.key) return;
        keepPin(config.data, pin);
        const words = wordsOf(pin.key);
        say({ event: 'server', ...pin, words }, `The server is ${pin.serverId}, its words: ${words.join(' ')}`);
      },
    });
    const fleet = new Fleet({ api, keys, journal, log, discordApi: config.discordApi });
    const reporter = new Reporter({ api, journal, log });
    const over = new AbortController();
    const reporting = reporter.run(AbortSignal.any([stop, over.signal]));
    try {
      await follow({ api, fleet, say, log, stop });
    } finally {
      await fleet.clear();
      over.abort();
      await reporting;
      // What is not taken now is in the journal, and reported at the next start.
      await reporter.flush(AbortSignal.timeout(LAST_REPORT_MS)).catch(() => undefined);
    }
  } finally {
    release();
  }
}

/** Asks for changes until the signal, and makes the connections so. */
async function follow(parts: { api: Api; fleet: Fleet; say: Say; log: Log; stop: AbortSignal }): Promise<void> {
  const { api, fleet, say, log, stop } = parts;
  const backoff = new Backoff();
  let since: number | null = null;
  let isKnown = false;
  let wasAsked = false;
  while (!stop.aborted) {
    try {
      const { answer, session } = await api.tokens(since, stop);
      if (!isKnown) say({ event: 'ready', runnerId: session.runnerId }, 'The server knows this runner. It is at work.');
      isKnown = true;
      wasAsked = false;
      if (answer.version !== since) fleet.apply(answer, session);
      since = answer.version;
      backoff.reset();
    } catch (error) {
      if (stop.aborted) return;
      since = null;
      if (error instanceof OtherServerError && !isKnown) throw error;
      if (error instanceof NotRegisteredError) {
        isKnown = false;
        await fleet.clear();
        if (!wasAsked)
          say({ event: 'unregistered' }, 'The server does not know this runner. An admin registers it by its keys.');
        wasAsked = true;
        backoff.reset();
        await backoff.wait(stop, REGISTER_MS).catch(() => undefined);
        continue;
      }
      if (error instanceof SkerryError) log('warn', { event: 'server_failed', code: error.code });
      else log('warn', { event: 'server_failed', error: whereOf(error) });
      await backoff.wait(stop, error instanceof SkerryError ? (error.retryAfterMs ?? 0) : 0).catch(() => undefined);
    }
  }
}
