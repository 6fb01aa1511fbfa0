import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '@skerry/core';
import type { ChannelId } from '@skerry/protocol';
import type { Place } from './life/place.ts';
import { type Line, readScript } from './life/script.ts';
import { Resident } from './resident.ts';

export type ChatterOptions = {
  readonly place: Place;
  readonly platform: Pick<Platform, 'http' | 'openTransport'>;
  readonly origin: string;
  /** A fresh one-time code for a person, or `undefined` while the server is stopped. */
  readonly codeFor: (username: string) => string | undefined;
  readonly signal: AbortSignal;
};

const SECOND = 1_000;
const FIRST_MS = 12 * SECOND;
const BETWEEN_MS = 55 * SECOND;
/** Once everything was said, it is said again only now and then, and not for ever. */
const SLOWER = 8;
const ROUNDS = 4;
const TYPING_MS = 3 * SECOND;

/** People who are there, type and say something now and then, so that one sees a server live. Stops with the signal. */
export async function chatter({ place, platform, origin, codeFor, signal }: ChatterOptions): Promise<void> {
  const scripts = place.later.map(({ channel, script }) => ({ channel, lines: readScript(script) }));
  const names = new Set(scripts.flatMap(({ lines }) => lines.map(({ who }) => who)));
  const residents = new Map(
    [...names].map((who) => [who, new Resident({ platform, origin, code: () => codeFor(who), signal })]),
  );
  const lives = [...residents.values()].map((resident) => resident.live());
  try {
    await sleep(FIRST_MS, undefined, { signal });
    for (let round = 0; round < ROUNDS; round++) {
      for (const { channel, lines } of scripts) {
        for (const line of lines) await say(residents, { channel, line, signal });
        await sleep(BETWEEN_MS * (round === 0 ? 1 : SLOWER), undefined, { signal });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await Promise.all(lives);
}

async function say(
  residents: ReadonlyMap<string, Resident>,
  { channel, line, signal }: { channel: string; line: Line; signal: AbortSignal },
): Promise<void> {
  const resident = residents.get(line.who);
  const id = await channelId(resident, channel);
  // While the server is stopped nobody talks.
  if (resident === undefined || id === undefined) return;
  resident.typing(id);
  await sleep(TYPING_MS + line.text.length * 20, undefined, { signal });
  resident.say(id, line.text);
  await sleep(BETWEEN_MS / 4, undefined, { signal });
}

async function channelId(resident: Resident | undefined, name: string): Promise<ChannelId | undefined> {
  const snapshot = await resident?.snapshot().catch(() => undefined);
  return snapshot?.channels.find(({ channel }) => channel.name === name)?.channel.id;
}
