import type { Platform } from '@skerry/core';
import { type AccountId, type ChannelId, uuidv7 } from '@skerry/protocol';
import { seedServer } from '@skerry/server';
import { createHash } from 'node:crypto';
import { type RealServer, startReal } from '../harness/real-server.ts';

const BEGAN = Date.now() - 3_600_000;
const fixed = <Id extends string>(name: string): Id =>
  uuidv7<Id>(BEGAN, createHash('sha256').update(name).digest().subarray(0, 10));

export const PASSWORD = 'the same one on both servers';
const PEOPLE = ['owner', 'anna', 'ben', 'cleo'] as const;
export const idOfPerson = (name: (typeof PEOPLE)[number]): AccountId => fixed(name);

/** A server whose accounts and first channel have the ids that they have on every other server of this kind. */
export async function startTwin(): Promise<RealServer> {
  return startReal([], {}, async (data) => {
    await seedServer({
      data,
      name: 'Twin',
      description: '',
      password: PASSWORD,
      seed: {
        firstChannel: { id: fixed<ChannelId>('general'), name: 'general', at: BEGAN },
        accounts: PEOPLE.map((username, index) => ({
          id: idOfPerson(username),
          username,
          displayName: username,
          role: index === 0 ? 'owner' : 'member',
          at: BEGAN + index,
        })),
        steps: [],
      },
    });
  });
}

/**
 * A device's time and chance, as far as ids are made of them: a step that is taken on several servers draws the same ids on
 * each. Everything else, keys above all, is as it is everywhere.
 */
export class SameIds {
  readonly #device: string;
  readonly #began = new Map<string, number>();
  #step: { readonly name: string; readonly at: number; drawn: number } | undefined;
  /** All that was drawn in the lengths that secrets have. */
  readonly secrets: Uint8Array[] = [];

  constructor(device: string) {
    this.#device = device;
  }

  readonly around = (platform: Platform): Platform => ({
    ...platform,
    clock: { ...platform.clock, now: () => this.#step?.at ?? platform.clock.now() },
    random: { ...platform.random, bytes: (length) => this.#bytes(length, platform) },
  });

  /** The step is named alike for each server, and one follows the other. */
  async during<T>(name: string, work: () => Promise<T>): Promise<T> {
    const at = this.#began.get(name) ?? Date.now();
    this.#began.set(name, at);
    this.#step = { name, at, drawn: 0 };
    try {
      return await work();
    } finally {
      this.#step = undefined;
    }
  }

  #bytes(length: number, { random }: Platform): Uint8Array {
    // What ids are made of, and nothing else is that long.
    if (length === 10 && this.#step !== undefined) {
      const { name } = this.#step;
      const seed = `${this.#device}/${name}/${this.#step.drawn++}`;
      return new Uint8Array(createHash('sha256').update(seed).digest().subarray(0, length));
    }
    const bytes = random.bytes(length);
    if (length >= 32) this.secrets.push(bytes.slice());
    return bytes;
  }
}
