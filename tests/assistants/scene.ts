import { Discord } from '../discord/discord.ts';
import type { Bot, Channel, Guild, User } from '../discord/world.ts';
import { RunnerHere } from './runner-here.ts';
import { RunnerProcess } from './runner-process.ts';
import type { Places, RunnerUnderTest } from './runner-under-test.ts';
import { StandIn } from './stand-in.ts';

/** Somebody in a guild, and everything between them and their assistant. */
export class Scene<R extends RunnerUnderTest = RunnerUnderTest> implements AsyncDisposable {
  readonly discord: Discord;
  readonly server: StandIn;
  readonly runner: R;
  readonly visitor: User;

  private constructor(parts: { discord: Discord; server: StandIn; runner: R }) {
    this.discord = parts.discord;
    this.server = parts.server;
    this.runner = parts.runner;
    this.visitor = parts.discord.world.addPerson('visitor');
  }

  /** With the runner in this process. */
  static set(): Promise<Scene> {
    return Scene.#set((places) => RunnerHere.prepare(places));
  }

  /** With the runner as a process of its own, which can be killed. */
  static setApart(): Promise<Scene<RunnerProcess>> {
    return Scene.#set((places) => RunnerProcess.prepare(places));
  }

  static async #set<R extends RunnerUnderTest>(prepare: (places: Places) => Promise<R>): Promise<Scene<R>> {
    const discord = await Discord.start();
    const server = await StandIn.start();
    return new Scene({ discord, server, runner: await prepare({ origin: server.origin, discordApi: discord.api }) });
  }

  /** Starts the runner for the first time and has it registered. */
  async begin(): Promise<string> {
    const id = await this.server.register(await this.runner.begin());
    await this.runner.says('ready');
    return id;
  }

  /** A guild with the visitor and a bot in it. */
  guild(name: string, ...bots: readonly Bot[]): Guild {
    return this.discord.world.addGuild(name, [this.visitor, ...bots]);
  }

  /** The visitor asks a bot something. */
  ask(channel: Channel, bot: User, text: string) {
    return this.discord.say(channel, this.visitor, `<@${bot.id}> ${text}`);
  }

  /** What a bot said in a channel. */
  heard(channel: Channel, bot?: User): string[] {
    return channel.messages
      .filter(({ author }) => author.bot && (bot === undefined || author.id === bot.id))
      .map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
    await this.discord[Symbol.asyncDispose]();
  }
}
