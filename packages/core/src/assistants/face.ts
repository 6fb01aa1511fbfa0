import type {
  AssistantAction,
  ChatConversation,
  ChatGroup,
  ChatMessage,
  DiscordBot,
  FetchLine,
  GuildConfig,
  GuildUpdate,
  ModelSettings,
  Runner,
  Website,
} from '@skerry/protocol';
import type { Subscribable } from '../subscribable.ts';
import type { EntryId } from '../views.ts';

/**
 * How far a server's assistants are known. `off`: its operator offers none. `away`: it cannot be asked, or what it says makes
 * no sense; what was heard before is still shown.
 */
export type AssistantsStanding = 'loading' | 'ready' | 'off' | 'signedOut' | 'paused' | 'away';

export type StatDay = { readonly day: string; readonly sent: number; readonly received: number };
export type GuildOfBot = { readonly guildId: string; readonly guildName: string; readonly added: boolean };
export type FetchStep = Extract<FetchLine, { t: 'step' }>;
export type ModelChange = {
  readonly endpoint: string;
  readonly model: string;
  /** Missing: the one that is kept stays; null: none. */
  readonly key?: string | null;
  readonly tokensPerDay: number | null;
};

/** The assistants of the person's account on one server, as last heard. */
export type AssistantsView = {
  readonly standing: AssistantsStanding;
  /** What kept it from being heard, in a sentence of this device; null while all is well. */
  readonly problem: string | null;
  /** With switches as the person wants them, also while the server is being told. By name. */
  readonly guilds: readonly GuildConfig[];
  /** Undefined until heard; null: none is connected. */
  readonly bot: DiscordBot | null | undefined;
  readonly model: ModelSettings | undefined;
  /** The last seven days of each guild, oldest first; missing until heard. */
  readonly weeks: ReadonlyMap<string, readonly StatDay[]>;
  /** Device time, Unix milliseconds; null until heard. */
  readonly heardAt: number | null;
};

/**
 * Assistants on one server. Ids are that server's own. All methods throw SkerryError with the server's code, LocalError where
 * this device refuses or no answer came; what they were to change is then as it was.
 */
export interface AssistantsHandle {
  readonly view: Subscribable<AssistantsView>;
  /** Keeps the view up to date from now on, and asks at once. @returns the function that ends it */
  watch(): () => void;
  /** Asks now. Never throws: the view says what came of it. */
  refresh(): Promise<void>;

  /** The token is checked by the server and never given out again. @throws `bot_refused`, `already_exists`, `upstream_failed` */
  connectBot(token: string): Promise<void>;
  disconnectBot(): Promise<void>;
  /** Guilds the bot is in. @throws `bot_missing` */
  guildsOfBot(signal?: AbortSignal): Promise<readonly GuildOfBot[]>;
  setModel(change: ModelChange): Promise<void>;
  removeModel(): Promise<void>;

  /** @throws `already_exists`, `bot_missing`, `limit_reached` */
  addGuild(guild: { readonly guildId: string; readonly guildName: string }): Promise<GuildConfig>;
  update(serverId: string, change: GuildUpdate): Promise<GuildConfig>;
  /** Shown at once, taken back when it fails. The last wish wins. */
  setActive(serverId: string, active: boolean): Promise<void>;
  removeGuild(serverId: string): Promise<void>;
  stats(serverId: string, days: number, signal?: AbortSignal): Promise<readonly StatDay[]>;
  /** Newest first. @param before what `next` said */
  actions(
    serverId: string,
    before: number | null,
    signal?: AbortSignal,
  ): Promise<{ readonly actions: readonly AssistantAction[]; readonly next: number | null }>;

  websites(serverId: string, signal?: AbortSignal): Promise<readonly Website[]>;
  addWebsite(serverId: string, url: string): Promise<Website>;
  removeWebsite(serverId: string, websiteId: string): Promise<void>;
  /** Has the server read it now, and tells how far it is. */
  fetchWebsite(
    serverId: string,
    websiteId: string,
    run?: { readonly signal?: AbortSignal; readonly onStep?: (step: FetchStep) => void },
  ): Promise<Website>;

  /** Of all guilds, the last used first. */
  chatGroups(signal?: AbortSignal): Promise<readonly ChatGroup[]>;
  addChatGroup(serverId: string, name: string | null): Promise<ChatGroup>;
  renameChatGroup(groupId: string, name: string | null): Promise<ChatGroup>;
  removeChatGroup(groupId: string): Promise<void>;
  addConversation(groupId: string, title: string | null): Promise<ChatConversation>;
  removeConversation(conversationId: string): Promise<void>;
  conversation(
    conversationId: string,
    signal?: AbortSignal,
  ): Promise<{
    readonly conversation: ChatConversation;
    readonly messages: readonly ChatMessage[];
    readonly answering: boolean;
  }>;
  /** Says something; the answer comes in pieces, and as a whole at the end. Aborting lets go of it. */
  say(
    conversationId: string,
    text: string,
    run?: { readonly signal?: AbortSignal; readonly onText?: (piece: string) => void },
  ): Promise<ChatMessage>;
  /** Stops what is being said there; what came until then stays. */
  stopAnswer(conversationId: string): Promise<boolean>;

  /** The programs that speak to Discord for this server, for its admins. @throws `forbidden`; `not_found` where assistants are off */
  runners(signal?: AbortSignal): Promise<readonly Runner[]>;
  /** From here on it is given every bot token of this server. @throws `forbidden`, `already_exists`, `limit_reached` */
  addRunner(runner: { readonly label: string; readonly publicKey: string; readonly boxKey: string }): Promise<Runner>;
  /** Its token stops at once. */
  removeRunner(runnerId: string): Promise<void>;
}

/** One server's part of what is shown over all of them. */
export type FleetPart = { readonly entryId: EntryId; readonly label: string; readonly view: AssistantsView };

/** A guild over all servers: the same guild row id on two servers is two of these. */
export type FleetGuild = {
  /** Unique over all servers. */
  readonly key: string;
  readonly entryId: EntryId;
  readonly label: string;
  readonly guild: GuildConfig;
  readonly week: readonly StatDay[] | undefined;
  /** From before the server could no longer be asked. */
  readonly stale: boolean;
};

export type FleetTotals = {
  readonly guilds: number;
  /** Switched on. */
  readonly active: number;
  readonly sent: number;
  readonly received: number;
  readonly websites: number;
  /** Answers of today (UTC), where they are known. */
  readonly sentToday: number;
  readonly bots: number;
};

export type FleetAssistantsView = {
  /** In the person's order. */
  readonly servers: readonly FleetPart[];
  /** By name, then by server. */
  readonly guilds: readonly FleetGuild[];
  readonly totals: FleetTotals;
  /** Servers whose part is missing from the totals or as old as said. */
  readonly missing: readonly FleetPart[];
};

/** Assistants over all servers. One that is slow, gone or lies takes nothing from the others. */
export interface FleetAssistants {
  readonly view: Subscribable<FleetAssistantsView>;
  /** Keeps every server's part up to date. @returns the function that ends it */
  watch(): () => void;
  server(entry: EntryId): Promise<AssistantsHandle>;
}
