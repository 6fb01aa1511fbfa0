import { Discord } from '../discord/discord.ts';
import type { Bot, Channel, Guild, User } from '../discord/world.ts';
import { RunnerProcess } from './runner-process.ts';
import { StandIn } from './stand-in.ts';

/** Somebody in a guild, and everything between them and their assistant. */
export class Scene implements AsyncDisposable {
  readonly discord: Discord;
  readonly server: StandIn;
  readonly runner: RunnerProcess;
  readonly visitor: User;

  private constructor(parts: { discord: Discord; server: StandIn; runner: RunnerProcess }) {
    this.discord = parts.discord;
    this.server = parts.server;
    this.runner = parts.runner;
    this.visitor = parts.discord.world.addPerson('visitor');
  }

  static async set(): Promise<Scene> {
    const discord = await Discord.start();
    const server = await StandIn.start();
    const runner = await RunnerProcess.prepare({ origin: server.origin, discordApi: discord.api });
    return new Scene({ discord, server, runner });
  }

  /** Starts the runner for the first time and has it registered. */
  async begin(): Promise<string> {
    this.runner.start();
    const { publicKey, boxKey } = await this.runner.says('keys');
    const id = await this.server.register({ publicKey: String(publicKey), boxKey: String(boxKey) });
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
