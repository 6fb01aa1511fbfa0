import type { AccountId, ChannelId, SignedIn } from '@skerry/protocol';
import { voiceSay, type Slots, type VoiceAsk, type VoiceSay, type VoiceSayOf } from '@skerry/protocol/voice';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { call, newId, RawSocket, signUp } from '../harness/raw-client.ts';
import { startReal, type RealServer } from '../harness/real-server.ts';

const FAKE_MICROPHONE = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

type Heard = { readonly packets: number; readonly energy: number };
/** What the page keeps for the test. */
type InPage = {
  voice: {
    offer(slots: number): Promise<string>;
    take(sdp: string): Promise<void>;
    heard(): Promise<Record<string, Heard>>;
  };
};

/** WebRTC of a browser, in a page without the client; what is said to the server is said from here. */
class Talker {
  readonly page: Page;
  readonly socket: RawSocket;
  readonly account: AccountId;
  stay = newId();
  #slots: Slots = [];
  /** Frames that are older than the slots. */
  #seen = 0;

  private constructor(page: Page, socket: RawSocket, account: AccountId) {
    this.page = page;
    this.socket = socket;
    this.account = account;
  }

  static async arrive(browser: Browser, server: RealServer, who: SignedIn): Promise<Talker> {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/api/health`);
    await page.evaluate(() => {
      const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      const heard = new Map<string, HTMLAudioElement>();
      connection.ontrack = ({ track, transceiver }) => {
        const sound = new Audio();
        sound.srcObject = new MediaStream([track]);
        void sound.play();
        heard.set(transceiver.mid ?? '', sound);
      };
      (window as unknown as InPage).voice = {
        async offer(slots) {
          if (connection.getTransceivers().length === 0) {
            const { [0]: track } = (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks();
            if (track !== undefined) connection.addTransceiver(track, { direction: 'sendonly' });
          }
          while (connection.getTransceivers().length <= slots)
            connection.addTransceiver('audio', { direction: 'recvonly' });
          await connection.setLocalDescription();
          return connection.localDescription?.sdp ?? '';
        },
        take: (sdp) => connection.setRemoteDescription({ type: 'answer', sdp }),
        async heard() {
          const said: Record<string, Heard> = {};
          for (const entry of (await connection.getStats()).values() as Iterable<Record<string, unknown>>)
            if (entry['type'] === 'inbound-rtp')
              said[String(entry['mid'])] = {
                packets: Number(entry['packetsReceived']),
                energy: Number(entry['totalAudioEnergy']),
              };
          return said;
        },
      };
    });
    return new Talker(page, await RawSocket.live(server.origin, who.accessToken), who.account.id);
  }

  async ask<Kind extends VoiceSay['kind']>(ask: VoiceAsk, _expected: Kind, id = newId()): Promise<VoiceSayOf<Kind>> {
    this.socket.send({ t: 'voice', id, ask });
    const answer = await this.socket.find((frame) => (frame.t === 'voice' || frame.t === 'fail') && frame.id === id);
    return voiceSay.parse(answer.t === 'voice' ? answer.say : answer) as VoiceSayOf<Kind>;
  }

  async join(channel: ChannelId, slots: number): Promise<void> {
    const sdp = await this.page.evaluate((count) => (window as unknown as InPage).voice.offer(count), slots);
    const ask = { kind: 'join', channel, sdp, muted: false, deaf: false } as const;
    const { grant } = await this.ask(ask, 'joined', this.stay);
    if (grant.kind !== 'webrtc') throw new Error(`granted ${grant.kind}`);
    await this.#take(grant);
  }

  async grow(slots: number): Promise<void> {
    const sdp = await this.page.evaluate((count) => (window as unknown as InPage).voice.offer(count), slots);
    await this.#take(await this.ask({ kind: 'offer', stay: this.stay, sdp }, 'answer'));
  }

  async #take({ sdp, slots }: { sdp: string; slots: Slots }): Promise<void> {
    await this.page.evaluate((answer) => (window as unknown as InPage).voice.take(answer), sdp);
    this.#slots = slots;
    this.#seen = this.socket.frames.length;
  }

  /** What is heard of each of the others, by account. */
  async heard(): Promise<ReadonlyMap<AccountId, Heard>> {
    for (const frame of this.socket.frames.slice(this.#seen)) {
      const say = frame.t === 'voice' && frame.id === null ? voiceSay.parse(frame.say) : undefined;
      if (say?.kind === 'slots') this.#slots = say.slots;
    }
    const heard = await this.page.evaluate(() => (window as unknown as InPage).voice.heard());
    return new Map(this.#slots.map(([mid, account]) => [account, heard[mid] ?? { packets: 0, energy: 0 }]));
  }

  /** Resolves when each of them was heard as sound, not only as packets, since this was called. */
  async hears(others: readonly Talker[]): Promise<void> {
    const before = await this.heard();
    await expect
      .poll(
        async () => {
          const now = await this.heard();
          return others.filter(({ account }) => {
            const [was, is] = [before.get(account), now.get(account)];
            const gained = (is?.energy ?? 0) - (was?.energy ?? 0);
            return gained > 0.0001 && (is?.packets ?? 0) - (was?.packets ?? 0) > 20;
          }).length;
        },
        { timeout: 20_000, interval: 100 },
      )
      .toBe(others.length);
  }

  /** Packets that came in half a second, of whom does not matter. */
  async packets(): Promise<number> {
    const sum = async (): Promise<number> =>
      [...(await this.heard()).values()].reduce((total, { packets }) => total + packets, 0);
    await this.page.waitForTimeout(100);
    const before = await sum();
    await this.page.waitForTimeout(500);
    return (await sum()) - before;
  }
}

describe('Browsers with microphones in a voice channel', () => {
  let server: RealServer;
  let browser: Browser;
  let lounge: ChannelId;
  const talkers: Talker[] = [];

  beforeAll(async () => {
    const flags = ['--voice', 'on', '--voice-ports', '24300-24309', '--voice-address', '127.0.0.1'];
    [server, browser] = await Promise.all([startReal(flags), launchBrowser({ more: FAKE_MICROPHONE })]);
    for (const [at, name] of ['ann', 'bob', 'cid', 'dee'].entries())
      talkers.push(
        await Talker.arrive(browser, server, await signUp(server.origin, name, at === 0 ? server.setupCode : null)),
      );
    const made = { name: 'lounge', topic: '', visibility: 'public', history: 'all', voice: { people: 0 } } as const;
    const id = newId();
    await talkers[0]?.socket.command({ kind: 'channel.create', ...made }, id);
    lounge = id as string as ChannelId;
  });
  afterAll(async () => {
    for (const { socket } of talkers) socket[Symbol.dispose]();
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  it('two, then four hear each other; who is muted, silenced or deaf causes no packet; all learn who speaks (V-3, V-4, V-8, V-9)', async () => {
    const [ann, bob, cid, dee] = talkers as [Talker, Talker, Talker, Talker];
    await ann.join(lounge, 1);
    await bob.join(lounge, 4);
    await Promise.all([ann.hears([bob]), bob.hears([ann])]);

    await bob.ask({ kind: 'state', stay: bob.stay, muted: true, deaf: false }, 'done');
    expect(await ann.packets()).toBe(0);
    await bob.ask({ kind: 'state', stay: bob.stay, muted: false, deaf: false }, 'done');
    await ann.ask({ kind: 'silence', account: bob.account, on: true }, 'done');
    expect(await ann.packets()).toBe(0);
    await ann.ask({ kind: 'silence', account: bob.account, on: false }, 'done');
    await ann.ask({ kind: 'state', stay: ann.stay, muted: true, deaf: true }, 'done');
    expect(await ann.packets()).toBe(0);
    await ann.ask({ kind: 'state', stay: ann.stay, muted: false, deaf: false }, 'done');
    expect(await ann.packets()).toBeGreaterThan(10);

    await cid.join(lounge, 4);
    await dee.join(lounge, 4);
    await ann.grow(4);
    await Promise.all(talkers.map((talker) => talker.hears(talkers.filter((other) => other !== talker))));
    for (const { socket } of talkers)
      for (const { account } of talkers)
        await socket.find((frame) => {
          const say = frame.t === 'voice' && frame.id === null ? voiceSay.parse(frame.say) : undefined;
          return say?.kind === 'speaking' && say.accounts.includes(account);
        });

    for (const talker of talkers) await talker.ask({ kind: 'leave', stay: talker.stay }, 'done');
    const { accessToken } = await call(server.origin, 'signIn', {
      body: { username: 'ann', password: 'ann and a long password', device: 'raw' },
    });
    expect(await call(server.origin, 'voiceStatus', { token: accessToken })).toMatchObject({
      ports: { inUse: 0 },
      people: 0,
    });
  });
});
