import {
  type Answer,
  ASSISTANT_ROUTES,
  type ChatLine,
  chatLine,
  type FetchLine,
  fetchLine,
  type GuildConfig,
  type GuildUpdate,
  SkerryError,
} from '@skerry/protocol';
import { eitherSignal } from '../abort.ts';
import type { Api } from '../api/api.ts';
import { LocalError } from '../errors.ts';
import type { Clock } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';
import type { ConnectionState } from '../views.ts';
import { distinct } from './distinct.ts';
import type { AssistantsHandle, AssistantsView, ModelChange, StatDay } from './face.ts';
import { LineReader } from './line-reader.ts';

export type AssistantsDeps = {
  readonly api: Api;
  readonly clock: Clock;
  readonly state: Subscribable<ConnectionState>;
  /** Ends with the context. */
  readonly signal: AbortSignal;
};

/** Nobody tells of changes: runners count while the person looks. */
const AGAIN_MS = 20_000;
const WEEK = 7;
const DAY_MS = 86_400_000;

const NOTHING: AssistantsView = {
  standing: 'loading',
  problem: null,
  guilds: [],
  bot: undefined,
  model: undefined,
  weeks: new Map(),
  heardAt: null,
};

/** The assistants of one server context: what was heard of them, and what the person does to them. Headless. S3.29 to S3.31 */
export class Assistants implements AssistantsHandle {
  readonly #deps: AssistantsDeps;
  readonly #api: Api<keyof typeof ASSISTANT_ROUTES>;
  readonly #heard = new Value<AssistantsView>(NOTHING);
  readonly #view = new Value<AssistantsView>(NOTHING);
  /** Switches the server has not confirmed yet. */
  readonly #wishes = new Map<string, boolean>();
  readonly #telling = new Map<string, Promise<void>>();
  /** Which counts and which day a guild's week was made of. */
  readonly #weekOf = new Map<string, string>();
  #watchers = 0;
  #stopWatching: () => void = () => undefined;
  #running: Promise<void> | undefined;
  /** Counts what was changed from here: an answer that was asked for before is an old one. */
  #changes = 0;

  constructor(deps: AssistantsDeps) {
    this.#deps = deps;
    this.#api = deps.api.with(ASSISTANT_ROUTES);
    this.#heard.subscribe(() => this.#show());
    const end = deps.state.subscribe(() => this.#stateChanged());
    deps.signal.addEventListener('abort', () => {
      end();
      this.#stopWatching();
    });
    this.#stateChanged();
  }

  get view(): Subscribable<AssistantsView> {
    return this.#view;
  }

  watch(): () => void {
    this.#watchers += 1;
    if (this.#watchers === 1) this.#startWatching();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#stopWatching();
    };
  }

  refresh(): Promise<void> {
    this.#running ??= this.#refresh().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async connectBot(token: string): Promise<void> {
    const bot = await this.#api.call('connectBot', { body: { token }, signal: this.#deps.signal });
    this.#change({ bot });
  }

  async disconnectBot(): Promise<void> {
    await this.#api.call('disconnectBot', { signal: this.#deps.signal });
    this.#change({ bot: null });
  }

  async guildsOfBot(signal?: AbortSignal): ReturnType<AssistantsHandle['guildsOfBot']> {
    const { guilds } = await this.#api.call('discordGuilds', { signal: this.#within(signal) });
    return distinct(guilds, ({ guildId }) => guildId);
  }

  async setModel({ key, ...change }: ModelChange): Promise<void> {
    const body = key === undefined ? change : { ...change, key };
    this.#change({ model: await this.#api.call('setAssistantModel', { body, signal: this.#deps.signal }) });
  }

  async removeModel(): Promise<void> {
    this.#change({ model: await this.#api.call('removeAssistantModel', { signal: this.#deps.signal }) });
  }

  async addGuild(body: { readonly guildId: string; readonly guildName: string }): Promise<GuildConfig> {
    const guild = await this.#api.call('addGuild', { body, signal: this.#deps.signal });
    this.#put(guild);
    return guild;
  }

  async update(serverId: string, body: GuildUpdate): Promise<GuildConfig> {
    const guild = await this.#api.call('updateGuild', { params: { serverId }, body, signal: this.#deps.signal });
    this.#put(guild);
    return guild;
  }

  setActive(serverId: string, active: boolean): Promise<void> {
    this.#wishes.set(serverId, active);
    this.#show();
    const known = this.#telling.get(serverId);
    if (known !== undefined) return known;
    const telling = this.#tell(serverId).finally(() => {
      this.#wishes.delete(serverId);
      this.#telling.delete(serverId);
      this.#show();
    });
    this.#telling.set(serverId, telling);
    return telling;
  }

  async removeGuild(serverId: string): Promise<void> {
    await this.#api.call('removeGuild', { params: { serverId }, signal: this.#deps.signal });
    this.#change({ guilds: this.#heard.get().guilds.filter((guild) => guild.serverId !== serverId) });
  }

  async stats(serverId: string, days: number, signal?: AbortSignal): Promise<readonly StatDay[]> {
    const asked = { params: { serverId }, query: { days }, signal: this.#within(signal) };
    return distinct((await this.#api.call('guildStats', asked)).days, ({ day }) => day);
  }

  async actions(
    serverId: string,
    before: number | null,
    signal?: AbortSignal,
  ): ReturnType<AssistantsHandle['actions']> {
    const query = before === null ? { limit: 20 } : { limit: 20, before };
    const page = await this.#api.call('guildActions', { params: { serverId }, query, signal: this.#within(signal) });
    return { actions: distinct(page.actions, ({ id }) => id), next: page.next };
  }

  async websites(serverId: string, signal?: AbortSignal): ReturnType<AssistantsHandle['websites']> {
    const { websites } = await this.#api.call('websites', { params: { serverId }, signal: this.#within(signal) });
    return distinct(websites, ({ id }) => id);
  }

  async addWebsite(serverId: string, url: string): ReturnType<AssistantsHandle['addWebsite']> {
    const asked = { params: { serverId }, body: { url }, signal: this.#deps.signal };
    const website = await this.#api.call('addWebsite', asked);
    this.#countWebsites(serverId, 1);
    return website;
  }

  async removeWebsite(serverId: string, websiteId: string): Promise<void> {
    await this.#api.call('removeWebsite', { params: { serverId, websiteId }, signal: this.#deps.signal });
    this.#countWebsites(serverId, -1);
  }

  async fetchWebsite(
    serverId: string,
    websiteId: string,
    run: Parameters<AssistantsHandle['fetchWebsite']>[2] = {},
  ): ReturnType<AssistantsHandle['fetchWebsite']> {
    let end: Awaited<ReturnType<AssistantsHandle['fetchWebsite']>> | undefined;
    const lines = new LineReader<FetchLine>(fetchLine, (line) => {
      if (line.t === 'end') end = line.website;
      else run.onStep?.(line);
    });
    const asked = { params: { serverId, websiteId }, signal: this.#within(run.signal), lines };
    return whole((await this.#api.lines('fetchWebsite', asked)) ?? end);
  }

  async chatGroups(signal?: AbortSignal): ReturnType<AssistantsHandle['chatGroups']> {
    const { groups } = await this.#api.call('chatGroups', { signal: this.#within(signal) });
    return distinct(groups, ({ id }) => id).map((group) => ({
      ...group,
      conversations: distinct(group.conversations, ({ id }) => id),
    }));
  }

  addChatGroup(serverId: string, name: string | null): ReturnType<AssistantsHandle['addChatGroup']> {
    return this.#api.call('addChatGroup', { body: { serverId, name }, signal: this.#deps.signal });
  }

  renameChatGroup(groupId: string, name: string | null): ReturnType<AssistantsHandle['renameChatGroup']> {
    return this.#api.call('updateChatGroup', { params: { groupId }, body: { name }, signal: this.#deps.signal });
  }

  async removeChatGroup(groupId: string): Promise<void> {
    await this.#api.call('removeChatGroup', { params: { groupId }, signal: this.#deps.signal });
  }

  addConversation(groupId: string, title: string | null): ReturnType<AssistantsHandle['addConversation']> {
    return this.#api.call('addConversation', { params: { groupId }, body: { title }, signal: this.#deps.signal });
  }

  async removeConversation(conversationId: string): Promise<void> {
    await this.#api.call('removeConversation', { params: { conversationId }, signal: this.#deps.signal });
  }

  async runners(signal?: AbortSignal): ReturnType<AssistantsHandle['runners']> {
    const { runners } = await this.#api.call('runners', { signal: this.#within(signal) });
    return distinct(runners, ({ id }) => id);
  }

  addRunner(runner: Parameters<AssistantsHandle['addRunner']>[0]): ReturnType<AssistantsHandle['addRunner']> {
    return this.#api.call('addRunner', { body: runner, signal: this.#deps.signal });
  }

  async removeRunner(runnerId: string): Promise<void> {
    await this.#api.call('removeRunner', { params: { runnerId }, signal: this.#deps.signal });
  }

  async conversation(conversationId: string, signal?: AbortSignal): ReturnType<AssistantsHandle['conversation']> {
    const told = await this.#api.call('conversation', { params: { conversationId }, signal: this.#within(signal) });
    return { ...told, messages: distinct(told.messages, ({ n }) => String(n)) };
  }

  async say(
    conversationId: string,
    text: string,
    run: Parameters<AssistantsHandle['say']>[2] = {},
  ): ReturnType<AssistantsHandle['say']> {
    let end: Awaited<ReturnType<AssistantsHandle['say']>> | undefined;
    const lines = new LineReader<ChatLine>(chatLine, (line) => {
      if (line.t === 'end') end = line.message;
      else run.onText?.(line.text);
    });
    const asked = { params: { conversationId }, body: { text }, signal: this.#within(run.signal), lines };
    return whole((await this.#api.lines('say', asked))?.message ?? end);
  }

  async stopAnswer(conversationId: string): Promise<boolean> {
    const asked = { params: { conversationId }, signal: this.#deps.signal };
    return (await this.#api.call('stopAnswer', asked)).stopped;
  }

  #within(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#deps.signal : eitherSignal(signal, this.#deps.signal);
  }

  #startWatching(): void {
    const { clock } = this.#deps;
    let cancel = (): void => undefined;
    const again = (): void => {
      cancel = clock.after(AGAIN_MS, again);
      void this.refresh();
    };
    again();
    this.#stopWatching = () => cancel();
  }

  /** What a server cannot be asked is said at once, without waiting for a request to fail. */
  #stateChanged(): void {
    const { kind } = this.#deps.state.get();
    const standing = this.#heard.get().standing;
    if (kind === 'signedOut') this.#heard.set({ ...NOTHING, standing: 'signedOut' });
    else if (kind === 'disabled') this.#told('paused', null);
    else if (kind === 'waiting' || kind === 'incompatible' || kind === 'identityChanged') this.#told('away', null);
    else if (kind === 'live') {
      if (standing !== 'ready' && standing !== 'off') this.#told('loading', null);
      if (this.#watchers > 0) void this.refresh();
    } else if (kind === 'offline' && standing === 'ready') this.#told('away', null);
    else if (standing === 'signedOut' || standing === 'paused') this.#told('loading', null);
  }

  async #refresh(): Promise<void> {
    for (;;) {
      if (this.#deps.state.get().kind !== 'live' || this.#deps.signal.aborted) return;
      const before = this.#changes;
      const asked = { signal: this.#deps.signal };
      try {
        const [{ servers }, { bot }, model] = await Promise.all([
          this.#api.call('guilds', asked),
          this.#api.call('discordBot', asked),
          this.#api.call('assistantModel', asked),
        ]);
        if (this.#changes !== before) continue;
        this.#hear(servers, { bot, model });
        await this.#hearWeeks();
      } catch (error) {
        this.#fail(error);
      }
      return;
    }
  }

  #hear(servers: Answer<'guilds'>['servers'], rest: Pick<AssistantsView, 'bot' | 'model'>): void {
    // What went wrong before this was heard may have been the connection: its state says so already.
    if (this.#deps.state.get().kind !== 'live') return;
    const heard = this.#heard.get();
    const guilds = byName(distinct(servers, ({ serverId }) => serverId));
    const heardAt = this.#deps.clock.now();
    this.#heard.set({ ...heard, ...rest, standing: 'ready', problem: null, guilds, heardAt });
  }

  /** The week of every guild whose counts have moved, one after another: fifty questions at once would be a burst. */
  async #hearWeeks(): Promise<void> {
    const today = Math.floor(this.#deps.clock.now() / DAY_MS);
    for (const { serverId, messagesSentCount, messagesReceivedCount } of this.#heard.get().guilds) {
      const of = `${today} ${messagesSentCount} ${messagesReceivedCount}`;
      if (this.#weekOf.get(serverId) === of) continue;
      if (this.#watchers === 0 || this.#deps.signal.aborted) return;
      const week = await this.stats(serverId, WEEK).catch(() => undefined);
      if (week === undefined) return;
      this.#weekOf.set(serverId, of);
      const heard = this.#heard.get();
      this.#heard.set({ ...heard, weeks: new Map([...heard.weeks, [serverId, week]]) });
    }
  }

  #fail(error: unknown): void {
    if (this.#deps.signal.aborted || this.#deps.state.get().kind !== 'live') return;
    // Without the capability none of these addresses exist.
    if (error instanceof SkerryError && error.code === 'not_found')
      this.#heard.set({ ...NOTHING, standing: 'off', heardAt: this.#deps.clock.now() });
    else this.#told('away', error instanceof LocalError ? error.message : null);
  }

  #told(standing: AssistantsView['standing'], problem: string | null): void {
    this.#heard.set({ ...this.#heard.get(), standing, problem });
  }

  #put(guild: GuildConfig): void {
    const others = this.#heard.get().guilds.filter(({ serverId }) => serverId !== guild.serverId);
    this.#change({ guilds: byName([...others, guild]) });
  }

  #countWebsites(serverId: string, by: number): void {
    const guilds = this.#heard
      .get()
      .guilds.map((guild) =>
        guild.serverId === serverId ? { ...guild, websiteCount: Math.max(0, guild.websiteCount + by) } : guild,
      );
    this.#change({ guilds });
  }

  #change(changes: Partial<AssistantsView>): void {
    this.#changes += 1;
    this.#heard.set({ ...this.#heard.get(), ...changes });
  }

  /** Until what the person wants last is what the server said last. */
  async #tell(serverId: string): Promise<void> {
    for (;;) {
      const botActive = this.#wishes.get(serverId);
      if (botActive === undefined) return;
      await this.update(serverId, { botActive });
      if (this.#wishes.get(serverId) === botActive) return;
    }
  }

  #show(): void {
    const heard = this.#heard.get();
    const guilds = heard.guilds.map((guild) => {
      const wish = this.#wishes.get(guild.serverId);
      return wish === undefined || wish === guild.botActive ? guild : { ...guild, botActive: wish };
    });
    this.#view.set(this.#wishes.size === 0 ? heard : { ...heard, guilds });
  }
}

function byName(guilds: readonly GuildConfig[]): readonly GuildConfig[] {
  return [...guilds].sort((a, b) => a.guildName.localeCompare(b.guildName) || (a.serverId < b.serverId ? -1 : 1));
}

/** @throws LocalError where the lines ended before the one that ends them */
function whole<T>(end: T | undefined): T {
  if (end === undefined) throw new LocalError('unavailable', 'The answer ended before it was whole.');
  return end;
}
