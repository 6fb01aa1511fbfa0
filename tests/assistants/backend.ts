import type { AssistantAction, DiscordStatus, GuildUpdate } from '@skerry/protocol';
import type { Guild } from '../discord/world.ts';

/** A Skerry server with assistants, as people and admins use it. */
export interface Backend extends AsyncDisposable {
  readonly origin: string;
  /** An admin registers a runner. @returns its id */
  register(keys: { publicKey: string; boxKey: string }): Promise<string>;
  unregister(runnerId: string): Promise<void>;
  person(name: string): Promise<Person>;
}

/** One account that has assistants. */
export interface Person {
  readonly accountId: string;
  connectBot(token: string): Promise<void>;
  disconnectBot(): Promise<void>;
  addGuild(guild: Guild): Promise<Assistant>;
  status(): Promise<DiscordStatus>;
}

/** One account's assistant in one guild. */
export interface Assistant {
  update(change: GuildUpdate): Promise<void>;
  remove(): Promise<void>;
  counts(): Promise<{ sent: number; received: number }>;
  /** The newest first. */
  actions(): Promise<readonly AssistantAction[]>;
}
