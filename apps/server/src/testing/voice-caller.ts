import type { ChannelId, Down, DownOf } from '@skerry/protocol';
import { voiceSay, type VoiceAsk, type VoiceSay, type VoiceSayOf } from '@skerry/protocol/voice';
import type { SocketClient } from './socket-client.ts';
import { freshId } from './test-server.ts';
import { VoicePeer } from './voice-peer.ts';

const isVoice = (frame: Down): frame is DownOf<'voice'> => frame.t === 'voice';

/** Somebody who talks: their socket, and the media of the stay they are in. */
export class VoiceCaller implements AsyncDisposable {
  readonly socket: SocketClient;
  readonly peer = new VoicePeer();
  stay = freshId();

  constructor(socket: SocketClient) {
    this.socket = socket;
  }

  /** @throws Error with the code when it is refused */
  async ask<Kind extends VoiceSay['kind']>(ask: VoiceAsk, expected: Kind, id = freshId()): Promise<VoiceSayOf<Kind>> {
    this.socket.send({ t: 'voice', id, ask });
    const answer = await this.socket.until((frame) => (isVoice(frame) || frame.t === 'fail') && frame.id === id);
    if (answer.t === 'fail') throw new Error(answer.error.code);
    const say = voiceSay.parse(isVoice(answer) ? answer.say : null);
    if (say.kind !== expected) throw new Error(`answered with ${say.kind}`);
    return say as VoiceSayOf<Kind>;
  }

  /** Joins with WebRTC; resolves once the media flow. */
  async join(channel: ChannelId, { slots = 4, muted = false, deaf = false } = {}): Promise<VoiceSayOf<'joined'>> {
    const joined = await this.ask(
      { kind: 'join', channel, sdp: await this.peer.offer(slots), muted, deaf },
      'joined',
      (this.stay = freshId()),
    );
    if (joined.grant.kind === 'webrtc') await this.peer.take(joined.grant.sdp);
    await this.peer.connected();
    return joined;
  }

  state(muted: boolean, deaf = false): Promise<unknown> {
    return this.ask({ kind: 'state', stay: this.stay, muted, deaf }, 'done');
  }

  leave(): Promise<unknown> {
    return this.ask({ kind: 'leave', stay: this.stay }, 'done');
  }

  /** All that was said of voice on this socket without being asked, oldest first. */
  get news(): VoiceSay[] {
    return this.socket.frames
      .filter(isVoice)
      .filter(({ id }) => id === null)
      .map(({ say }) => voiceSay.parse(say));
  }

  /** The first news, old or coming, that is so. */
  async told<Kind extends VoiceSay['kind']>(
    kind: Kind,
    holds: (say: VoiceSayOf<Kind>) => boolean = () => true,
    ms = 5_000,
  ): Promise<VoiceSayOf<Kind>> {
    const fits = (say: VoiceSay): boolean => say.kind === kind && holds(say as VoiceSayOf<Kind>);
    const frame = await this.socket.until(
      (one) => isVoice(one) && one.id === null && fits(voiceSay.parse(one.say)),
      ms,
    );
    return voiceSay.parse(isVoice(frame) ? frame.say : null) as VoiceSayOf<Kind>;
  }

  forgetNews(): void {
    this.socket.frames.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peer[Symbol.asyncDispose]();
  }
}
