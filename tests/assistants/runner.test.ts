import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, type ExpectStatic, it } from 'vitest';
import type { RunnerProcess } from './runner-process.ts';
import type { RunnerUnderTest } from './runner-under-test.ts';
import { Scene } from './scene.ts';

const SOON = { timeout: 10_000, interval: 20 };

/** One person, their bot and their assistant in one guild, and all that is between them. */
async function arrange<R extends RunnerUnderTest>(expect: ExpectStatic, setting: Promise<Scene<R>>) {
  const scene = await setting;
  const bot = scene.discord.world.addBot('anns-bot');
  const guild = scene.guild('Harbour', bot);
  const ann = await scene.server.person('ann');
  await ann.connectBot(bot.token);
  const assistant = await ann.addGuild(guild);
  await assistant.update({ botActive: true, botName: 'Porter' });
  const connected = () => expect.poll(() => scene.discord.gateway.connections(bot.token), SOON).toBe(1);
  const replies = () => scene.heard(guild.general, bot);
  const dispose = () => scene[Symbol.asyncDispose]();
  return { scene, bot, guild, ann, assistant, connected, replies, [Symbol.asyncDispose]: dispose };
}

/** Most of each is waiting for two programs, so they wait side by side; nothing is shared between them. */
describe.concurrent('the runner of assistants', () => {
  describe('two accounts with bots of their own, one guild they share, and one for each (S3.26, S3.27, S3.42 to S3.49)', () => {
    it('answers in each guild with the name, personality, rules and websites set there, and nowhere it is off', async ({
      expect,
    }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, ann, assistant, connected, replies } = scenery;
      const { server } = scene;
      const bobsBot = scene.discord.world.addBot('bobs-bot');
      const [annsOwn, bobsOwn] = [scene.guild('Quay', bot), scene.guild('Mill', bobsBot)];
      scene.discord.world.join(guild, bobsBot);
      const bob = await server.person('bob');
      await bob.connectBot(bobsBot.token);
      const here = {
        annShared: assistant,
        annOwn: await ann.addGuild(annsOwn),
        bobShared: await bob.addGuild(guild),
        bobOwn: await bob.addGuild(bobsOwn),
      };
      const set = (name: string) => ({ botName: name, personality: `${name} is kind`, rules: `${name} is brief` });
      await here.annShared.update({ ...set('Porter'), botActive: true });
      await here.annOwn.update({ ...set('Pilot'), botActive: true });
      await here.bobShared.update({ ...set('Miller'), botActive: true });
      await here.bobOwn.update({ ...set('Baker'), botActive: false });
      server.setWebsites(ann, guild, ['https://harbour.example/ann']);
      server.setWebsites(bob, guild, ['https://harbour.example/bob']);
      await scene.begin();
      await connected();
      await expect.poll(() => scene.discord.gateway.connections(bobsBot.token), SOON).toBe(1);

      const asked = scene.ask(guild.general, bot, 'who are you?');
      scene.ask(guild.general, bobsBot, 'and you?');
      scene.ask(annsOwn.general, bot, 'and here?');
      scene.ask(bobsOwn.general, bobsBot, 'anyone?');
      // S3.42, S3.44, S3.46: everybody by the settings of this account in this guild.
      await expect
        .poll(replies, SOON)
        .toEqual(['Porter | Porter is kind | Porter is brief | https://harbour.example/ann']);
      await expect
        .poll(() => scene.heard(guild.general, bobsBot), SOON)
        .toEqual(['Miller | Miller is kind | Miller is brief | https://harbour.example/bob']);
      await expect
        .poll(() => scene.heard(annsOwn.general, bot), SOON)
        .toEqual(['Pilot | Pilot is kind | Pilot is brief']);
      const reply = guild.general.messages.find(({ author }) => author.id === bot.id);
      expect(reply?.replyTo).toBe(asked.id);
      // Each guild sees the name given there.
      await expect
        .poll(() => [guild, annsOwn].map((one) => one.members.get(bot.id)?.nick), SOON)
        .toEqual(['Porter', 'Pilot']);
      expect(guild.members.get(bobsBot.id)?.nick).toBe('Miller');

      // S3.48: received are the words of people, in each guild where the assistant is on; S3.49: the sums.
      await expect.poll(() => here.annShared.counts(), SOON).toEqual({ sent: 1, received: 2 });
      await expect.poll(() => here.annOwn.counts(), SOON).toEqual({ sent: 1, received: 1 });
      await expect.poll(() => here.bobShared.counts(), SOON).toEqual({ sent: 1, received: 2 });
      expect(await ann.status()).toEqual({
        connected: true,
        serverCount: 2,
        activeServerCount: 2,
        totalMessagesSent: 2,
        totalMessagesReceived: 3,
      });
      // S3.43, S3.45: nothing was asked, counted or said where it is off.
      expect(scene.heard(bobsOwn.general)).toEqual([]);
      expect(await here.bobOwn.counts()).toEqual({ sent: 0, received: 0 });
      expect(server.asked.some(({ request }) => request.guildId === bobsOwn.id)).toBe(false);
      // S3.27: one connection for each token.
      expect([bot, bobsBot].map((one) => scene.discord.entries(one).map(({ op }) => op))).toEqual([
        ['identify'],
        ['identify'],
      ]);
    });

    it('keeps one guild answering while others are added (S3.40, S3.41)', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, ann, connected, replies } = scenery;
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'one');
      await expect.poll(replies, SOON).toHaveLength(1);
      const later = scene.guild('Later', bot);
      const added = await ann.addGuild(later);
      await added.update({ botActive: true, botName: 'Newcomer' });
      await expect.poll(() => later.members.get(bot.id)?.nick, SOON).toBe('Newcomer');
      scene.ask(later.general, bot, 'hello');
      await expect.poll(() => scene.heard(later.general), SOON).toEqual(['Newcomer |  | ']);
      scene.ask(guild.general, bot, 'two');
      await expect.poll(replies, SOON).toHaveLength(2);
    });
  });

  describe('changes', () => {
    it('switches off and on within two seconds, without a reconnect (S3.28, S3.43)', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      await scene.begin();
      await connected();
      await assistant.update({ botActive: false });
      await sleep(2_000);
      scene.ask(guild.general, bot, 'silence?');
      await sleep(500);
      expect(replies()).toEqual([]);
      expect(scene.server.asked).toHaveLength(0);
      await assistant.update({ botActive: true, botName: 'Second' });
      await sleep(2_000);
      scene.ask(guild.general, bot, 'words?');
      await expect.poll(replies, SOON).toEqual(['Second |  | ']);
      expect(scene.discord.entries(bot)).toHaveLength(1);
    });

    it('leaves when the token is taken away, and comes with another', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, ann, connected } = scenery;
      await scene.begin();
      await connected();
      await ann.disconnectBot();
      await expect.poll(() => scene.discord.gateway.connections(bot.token), SOON).toBe(0);
      const next = scene.discord.world.addBot('next');
      scene.discord.world.join(guild, next);
      await ann.connectBot(next.token);
      await expect.poll(() => scene.discord.gateway.connections(next.token), SOON).toBe(1);
      scene.ask(guild.general, next, 'here?');
      await expect.poll(() => scene.heard(guild.general, next), SOON).toHaveLength(1);
    });

    it('leaves Discord at once when it is no longer registered, and comes back when it is', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, connected } = scenery;
      const id = await scene.begin();
      await connected();
      await scene.server.unregister(id);
      await expect.poll(() => scene.discord.gateway.connections(bot.token), SOON).toBe(0);
      const { publicKey, boxKey } = await scene.runner.says('keys');
      await scene.server.register({ publicKey: String(publicKey), boxKey: String(boxKey) });
      await connected();
    });

    it('goes on after the server forgot its sign-in', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, connected, replies } = scenery;
      await scene.begin();
      await connected();
      scene.server.forgetTokens();
      scene.ask(guild.general, bot, 'still there?');
      await expect.poll(replies, SOON).toHaveLength(1);
      expect(scene.discord.entries(bot)).toHaveLength(1);
    });
  });

  describe('what it answers', () => {
    it('answers mentions and replies to it, and neither itself, bots, nor what is not for it', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      await scene.begin();
      await connected();
      const other = scene.discord.world.addBot('other');
      scene.discord.world.join(guild, other);
      scene.discord.say(guild.general, scene.visitor, 'good morning');
      scene.discord.say(guild.general, scene.visitor, '@everyone hello');
      scene.discord.say(guild.general, other, `<@${bot.id}> hello`);
      scene.discord.say(guild.general, bot, `<@${bot.id}> myself`);
      scene.ask(guild.general, bot, 'first');
      await expect.poll(() => replies().length, SOON).toBe(2);
      const [, own] = scene.discord.posted(bot);
      scene.discord.say(guild.general, scene.visitor, 'and more?', own);
      await expect.poll(() => replies().length, SOON).toBe(3);
      expect(scene.server.asked).toHaveLength(2);
      await expect.poll(() => assistant.counts(), SOON).toEqual({ sent: 2, received: 4 });
    });

    it('tells the server the ten newest messages in order, and shows that it types', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      for (let n = 1; n <= 12; n++) scene.discord.say(guild.general, scene.visitor, `line ${n}`);
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'now?');
      await expect.poll(() => replies().length, SOON).toBe(1);
      const { messages, channelName } = scene.server.asked[0]!.request;
      expect(channelName).toBe('general');
      expect(messages.map(({ text }) => text)).toEqual([
        ...Array.from({ length: 9 }, (_, n) => `line ${n + 4}`),
        expect.stringMatching(/now\?$/),
      ]);
      expect(messages.every(({ by, authorName }) => by === 'person' && authorName === 'visitor')).toBe(true);
      expect(scene.discord.world.typing.map(({ user }) => user.id)).toEqual([bot.id]);
      await expect.poll(async () => (await assistant.actions()).length, SOON).toBe(1);
      const [action] = await assistant.actions();
      expect(action?.context).toEqual(messages);
      expect(action?.messageId).toBe(scene.discord.posted(bot)[0]?.id);
    });

    it('drops an answer that is being made when the person says something newer', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, connected, replies } = scenery;
      scene.server.answering = async ({ messages }, _guild, gone) => {
        const text = messages.at(-1)?.text ?? '';
        if (text.includes('slow')) await sleep(10_000, undefined, { signal: gone });
        return { kind: 'answer', text: `to ${text}`, engine: 'model' };
      };
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'slow question');
      await expect.poll(() => scene.server.asked.length, SOON).toBe(1);
      scene.ask(guild.general, bot, 'better question');
      await expect.poll(replies, SOON).toEqual([expect.stringContaining('better question')]);
      expect(scene.server.asked.map(({ isAborted }) => isAborted)).toEqual([true, false]);
    });

    it('takes what somebody adds into the answer that is being made, and what they say to others not', async ({
      expect,
    }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, connected, replies } = scenery;
      scene.server.answering = async ({ messages }, _guild, gone) => {
        const text = messages.at(-1)?.text ?? '';
        await sleep(600, undefined, { signal: gone });
        return { kind: 'answer', text: `to ${text}`, engine: 'model' };
      };
      const third = scene.discord.world.addPerson('third');
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'which boat?');
      await expect.poll(() => scene.server.asked.length, SOON).toBe(1);
      scene.discord.say(guild.general, scene.visitor, 'the red one');
      await expect.poll(() => scene.server.asked.length, SOON).toBe(2);
      scene.discord.say(guild.general, scene.visitor, `<@${third.id}> hello`);
      scene.discord.say(guild.general, third, 'what boat?');
      await expect.poll(replies, SOON).toEqual(['to the red one']);
      expect(scene.server.asked[1]?.request.messages.map(({ text }) => text)).toEqual([
        expect.stringContaining('which boat?'),
        'the red one',
      ]);
    });

    it('calls nobody and shows no previews, whatever the answer says (T16)', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, connected, replies } = scenery;
      const third = scene.discord.world.addPerson('third');
      scene.server.answering = () => ({
        kind: 'answer',
        text: `@everyone <@${third.id}> https://evil.example/?d=secret`,
        engine: 'model',
      });
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'say it');
      await expect.poll(() => replies().length, SOON).toBe(1);
      const [sent] = scene.discord.posted(bot);
      expect(sent?.mentions).toEqual([scene.visitor.id]);
      expect(sent?.flags).toBe(4);
    });

    it('is silent when the server says so', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      scene.server.answering = () => ({ kind: 'silent', reason: 'nothing' });
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'hm?');
      await expect.poll(() => scene.server.asked.length, SOON).toBe(1);
      await expect.poll(() => assistant.counts(), SOON).toEqual({ sent: 0, received: 1 });
      expect(replies()).toEqual([]);
    });
  });

  describe('Discord in trouble', () => {
    it('hears after a cut what it missed, once', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      await scene.begin();
      await connected();
      scene.discord.gateway.cut(bot.token);
      scene.ask(guild.general, bot, 'meanwhile');
      await expect.poll(replies, SOON).toHaveLength(1);
      await expect.poll(() => assistant.counts(), SOON).toEqual({ sent: 1, received: 1 });
      expect(scene.discord.entries(bot).map(({ op }) => op)).toEqual(['identify', 'resume']);
    });

    it('waits for its buckets', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, connected, replies } = scenery;
      scene.discord.rest.limits.messages = { limit: 1, windowMs: 500 };
      scene.discord.rest.limits.isSilent = true;
      await scene.begin();
      await connected();
      const people = ['a', 'b', 'c'].map((name) => scene.discord.world.addPerson(name));
      for (const person of people) {
        scene.discord.world.join(guild, person);
        scene.discord.say(guild.general, person, `<@${bot.id}> me?`);
      }
      await expect.poll(replies, SOON).toHaveLength(3);
      expect(scene.discord.rest.limits.refused).toBeGreaterThan(0);
    });

    it.for(['lostBefore', 'lostAfter', 'error500'] as const)(
      'sends once when a send is %s',
      async (trouble, { expect }) => {
        await using scenery = await arrange(expect, Scene.set());
        const { scene, bot, guild, assistant, connected, replies } = scenery;
        scene.discord.rest.troubles.push(trouble);
        await scene.begin();
        await connected();
        scene.ask(guild.general, bot, 'once?');
        await expect.poll(() => assistant.counts(), SOON).toEqual({ sent: 1, received: 1 });
        expect(replies()).toHaveLength(1);
      },
    );

    it('sends once where it cannot look whether it has: one nonce is one message', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      guild.general.hidesPast = true;
      scene.discord.rest.troubles.push('lostAfter', 'lostAfter');
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'once?');
      await expect.poll(() => assistant.counts(), SOON).toEqual({ sent: 1, received: 1 });
      expect(replies()).toHaveLength(1);
      expect(scene.server.asked[0]?.request.messages).toHaveLength(1);
    });

    it('reports as failed what Discord refuses', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, assistant, connected } = scenery;
      guild.general.isReadOnly = true;
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'there?');
      await expect.poll(async () => (await assistant.actions()).map(({ kind }) => kind), SOON).toEqual(['failed']);
      expect(await assistant.counts()).toEqual({ sent: 0, received: 1 });
    });

    it('stays away once its token is revoked', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, connected } = scenery;
      await scene.begin();
      await connected();
      const old = bot.token;
      scene.discord.revoke(bot);
      await sleep(3_000);
      expect(scene.discord.gateway.entries.filter(({ token }) => token === old)).toHaveLength(1);
    });

    it('does without the message content intent where Discord does not give it', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, connected, replies } = scenery;
      bot.readsMessages = false;
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'hello');
      await expect.poll(replies, SOON).toHaveLength(1);
    });

    it('uses as many shards as Discord asks for', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene, bot, guild, replies } = scenery;
      bot.shards = 2;
      await scene.begin();
      await expect.poll(() => scene.discord.gateway.connections(bot.token), SOON).toBe(2);
      scene.ask(guild.general, bot, 'hello');
      await expect.poll(replies, SOON).toHaveLength(1);
    });
  });

  describe('killed', () => {
    /** With the same folder. */
    async function killAndStart(runner: RunnerProcess) {
      await runner.stop('SIGKILL');
      runner.start();
    }

    it('between the answer and its report: it is reported, once', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.setApart());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      await scene.begin();
      await connected();
      // The server takes the report, and the runner never hears that it did.
      for (let n = 0; n < 100; n++) scene.server.faults.push({ path: '/api/runner/actions', how: 'unavailable' });
      scene.ask(guild.general, bot, 'once?');
      await expect.poll(replies, SOON).toHaveLength(1);
      await sleep(200);
      await killAndStart(scene.runner);
      scene.server.faults.length = 0;
      scene.server.faults.push({ path: '/api/runner/actions', how: 'lostAfter' });
      await expect.poll(() => assistant.counts(), SOON).toEqual({ sent: 1, received: 1 });
      await connected();
      await sleep(2_500);
      expect(await assistant.counts()).toEqual({ sent: 1, received: 1 });
      expect(await assistant.actions()).toHaveLength(1);
      expect(replies()).toHaveLength(1);
      const reports = () => scene.server.seen.filter((one) => one.endsWith('/actions')).length;
      expect(reports()).toBeGreaterThan(1);
      // What the server has is not told again.
      const before = reports();
      await sleep(1_500);
      expect(reports()).toBe(before);
    });

    it('while the answer is on its way: it is there once, and reported once', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.setApart());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'once?');
      await expect.poll(() => scene.server.asked.length, SOON).toBe(1);
      await expect.poll(replies, { ...SOON, interval: 1 }).toHaveLength(1);
      await killAndStart(scene.runner);
      await connected();
      await expect.poll(() => assistant.counts(), SOON).toEqual({ sent: 1, received: 1 });
      await sleep(1_500);
      expect(replies()).toHaveLength(1);
    });

    it('before Discord had the answer: it is sent by the next life', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.setApart());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      await scene.begin();
      await connected();
      for (let n = 0; n < 20; n++) scene.discord.rest.troubles.push('lostBefore');
      scene.ask(guild.general, bot, 'lost?');
      await expect.poll(() => scene.discord.rest.troubles.length, SOON).toBeLessThan(20);
      await scene.runner.stop('SIGKILL');
      scene.discord.rest.troubles.length = 0;
      expect(replies()).toEqual([]);
      scene.runner.start();
      await expect.poll(replies, SOON).toHaveLength(1);
      await expect.poll(() => assistant.counts(), SOON).toEqual({ sent: 1, received: 1 });
      expect(scene.server.asked).toHaveLength(1);
    });

    it('stops in order when asked: what was heard is counted, Discord is left, exit code 0', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.setApart());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      await scene.begin();
      await connected();
      scene.ask(guild.general, bot, 'bye?');
      await expect.poll(replies, SOON).toHaveLength(1);
      expect(await scene.runner.stop('SIGTERM')).toBe(0);
      expect(await assistant.counts()).toEqual({ sent: 1, received: 1 });
      expect(scene.discord.gateway.sessionsOf(bot.token)).toHaveLength(0);
    });
  });

  describe('trust', () => {
    it('makes its keys once, for its owner alone, and shows the words of the server', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene } = scenery;
      await scene.begin();
      const keys = await scene.runner.says('keys');
      const file = path.join(scene.runner.data, 'runner.key');
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect((await scene.runner.says('server'))['words']).toHaveLength(6);
      await scene.runner.stop();
      scene.runner.said = [];
      scene.runner.start();
      expect(await scene.runner.says('keys')).toEqual(keys);
    });

    it('sends nothing to a server that has another key', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.set());
      const { scene } = scenery;
      await scene.begin();
      await scene.runner.stop();
      scene.server.replaceKey();
      const before = scene.server.seen.length;
      scene.runner.start();
      expect(await scene.runner.ended).toBe(1);
      expect(scene.server.seen.slice(before)).toEqual(['POST /api/server/proof']);
    });

    it('writes neither tokens nor texts into its log, nor a token anywhere (T37)', async ({ expect }) => {
      await using scenery = await arrange(expect, Scene.setApart());
      const { scene, bot, guild, assistant, connected, replies } = scenery;
      await scene.begin();
      await connected();
      scene.discord.rest.troubles.push('lostBefore', 'error500');
      scene.ask(guild.general, bot, 'canary-question');
      scene.server.faults.push({ path: '/api/runner/answers', how: 'unavailable' });
      await assistant.update({ personality: 'canary-personality' });
      await expect.poll(replies, SOON).toHaveLength(1);
      scene.discord.revoke(bot);
      await sleep(500);
      await scene.runner.stop();
      const journal = await readFile(path.join(scene.runner.data, 'journal.jsonl'), 'utf8');
      const token = scene.discord.gateway.entries[0]?.token ?? '';
      expect(scene.runner.log).toContain('"event":"sent"');
      expect(scene.runner.log).not.toMatch(/canary|Porter|visitor/);
      for (const text of [scene.runner.log, journal, JSON.stringify(scene.runner.said)])
        expect(text).not.toContain(token);
    });
  });
});
