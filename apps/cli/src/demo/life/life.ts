import {
  type AccountId,
  type ChannelId,
  type Command,
  type CommandId,
  mentionOf,
  type MessageId,
  type Role,
  uuidv7,
} from '@skerry/protocol';
import type { SeedAccount, SeedOptions, SeedStep } from '@skerry/server';
import type { Dice } from './dice.ts';
import { type Line, readScript } from './script.ts';

type NewChannel = {
  name: string;
  topic: string;
  by: string;
  members: readonly string[];
  at: number;
  isPrivate?: boolean;
};

const MINUTE = 60_000;
const NAMED = /@([a-z]+)/g;
/** Later than any number a stream will have: the server moves a marker to the last one instead. */
const TO_THE_END = Number.MAX_SAFE_INTEGER;

/** Writes down the past of one server, step by step, as what its people did. */
export class Life {
  readonly #dice: Dice;
  readonly #now: number;
  readonly #accounts = new Map<string, Omit<SeedAccount, 'passwordHash'>>();
  readonly #channels = new Map<string, ChannelId>();
  readonly #steps: SeedStep[] = [];
  /** Messages that mention somebody or answer them. */
  readonly #concerns: { who: string; message: MessageId; at: number }[] = [];
  readonly #first: { id: ChannelId; name: string; at: number };

  /** @param firstChannel the one that everybody is in */
  constructor(options: { dice: Dice; now: number; began: number; firstChannel: string }) {
    this.#dice = options.dice;
    this.#now = options.now;
    this.#first = { id: this.#id<ChannelId>(options.began), name: options.firstChannel, at: options.began };
    this.#channels.set(options.firstChannel, this.#first.id);
  }

  person(username: string, displayName: string, role: Role = 'member'): void {
    const at = this.#first.at + (this.#accounts.size + 1) * MINUTE;
    this.#accounts.set(username, { id: this.#id<AccountId>(at), username, displayName, role, at });
  }

  channel({ name, topic, by, members, at, isPrivate = false }: NewChannel): void {
    const visibility = isPrivate ? 'private' : 'public';
    const id = this.#do(at, by, { kind: 'channel.create', name, topic, visibility, history: 'all' });
    const channel = id as string as ChannelId;
    this.#channels.set(name, channel);
    for (const [nth, member] of members.filter((who) => who !== by).entries()) {
      const joined = at + (nth + 1) * MINUTE;
      if (isPrivate) this.#do(joined, by, { kind: 'channel.add', channel, account: this.#account(member) });
      else this.#do(joined, member, { kind: 'channel.join', channel });
    }
  }

  topic(name: string, topic: string, { by, at }: { by: string; at: number }): void {
    this.#do(at, by, { kind: 'channel.update', channel: this.#channel(name), name, topic });
  }

  /** Plays a script from a moment on, at the pace of people who type. @returns when it ended */
  talk(channel: string, at: number, script: string | readonly Line[]): number {
    const lines = typeof script === 'string' ? readScript(script) : script;
    const said: { id: MessageId; who: string }[] = [];
    let time = at;
    for (const [nth, line] of lines.entries()) {
      if (nth > 0) time += line.gap === null ? this.#dice.between(20, 200) * 1_000 : line.gap * MINUTE;
      // What lies ahead of now has not happened; a script that runs over is squeezed to its last minutes.
      const moment = Math.min(time, this.#now - (lines.length - nth) * 1_000);
      const answered = line.answers === 0 ? undefined : said[nth - line.answers];
      const id = this.#say({ channel, at: moment, line, replyTo: answered?.id ?? null });
      said.push({ id, who: line.who });
      const concerned = new Set([...[...line.text.matchAll(NAMED)].map(([, name = '']) => name), answered?.who ?? '']);
      for (const who of concerned)
        if (who !== line.who && this.#accounts.has(who)) this.#concerns.push({ who, message: id, at: moment });
    }
    return time;
  }

  /** The person has read everything in these channels at that moment. */
  read(who: string, channels: readonly string[], at: number): void {
    for (const channel of channels)
      this.#do(at, who, { kind: 'marker.set', channel: this.#channel(channel), n: TO_THE_END });
  }

  /** The person is done with what concerned them up to that moment, all but the last, which waits for later. */
  settle(who: string, at: number): void {
    const past = this.#concerns.filter((concern) => concern.who === who && concern.at < at).sort((a, b) => b.at - a.at);
    for (const [nth, { message }] of past.entries())
      this.#do(at, who, { kind: 'inbox.set', message, state: nth === 0 ? 'later' : 'done' });
  }

  seed(): SeedOptions['seed'] {
    const steps = this.#steps
      .map((step, nth) => ({ step, nth }))
      .sort((a, b) => a.step.at - b.step.at || a.nth - b.nth);
    return { firstChannel: this.#first, accounts: [...this.#accounts.values()], steps: steps.map(({ step }) => step) };
  }

  #say({
    channel,
    at,
    line,
    replyTo,
  }: {
    channel: string;
    at: number;
    line: Line;
    replyTo: MessageId | null;
  }): MessageId {
    const text = this.#named(line.before ?? line.text);
    const message = this.#do(at, line.who, {
      kind: 'message.send',
      channel: this.#channel(channel),
      text,
      replyTo,
    }) as string as MessageId;
    if (line.before !== null)
      this.#do(Math.min(this.#now, at + 40_000), line.who, {
        kind: 'message.edit',
        message,
        text: this.#named(line.text),
      });
    for (const { emoji, who } of line.reactions)
      for (const [nth, reader] of who.entries())
        this.#do(Math.min(this.#now, at + (nth + 1) * 25_000), reader, {
          kind: 'reaction.set',
          message,
          emoji,
          on: true,
        });
    return message;
  }

  /** `@name` becomes a mention where there is such a person. */
  #named(text: string): string {
    return text.replaceAll(NAMED, (whole, name: string) => {
      const account = this.#accounts.get(name);
      return account === undefined ? whole : mentionOf(account.id);
    });
  }

  #do(at: number, who: string, command: Command): CommandId {
    const id = this.#id<CommandId>(at);
    this.#steps.push({ at, account: this.#account(who), id, command });
    return id;
  }

  #account(username: string): AccountId {
    const account = this.#accounts.get(username);
    if (account === undefined) throw new Error(`nobody here is called ${username}`);
    return account.id;
  }

  #channel(name: string): ChannelId {
    const channel = this.#channels.get(name);
    if (channel === undefined) throw new Error(`there is no channel ${name}`);
    return channel;
  }

  #id<Id extends string>(at: number): Id {
    return uuidv7<Id>(at, this.#dice.bytes(10));
  }
}
