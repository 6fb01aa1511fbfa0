import { randomBytes } from 'node:crypto';
import {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
  serializeAudioLevelIndication,
  useAudioLevelIndication,
  useSdesMid,
} from 'werift';

export type HeardPacket = { readonly seq: number; readonly timestamp: number; readonly payload: Buffer };

const LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const FRAME_MS = 20;

/** A person's WebRTC without a browser: a microphone that says what it is told, and slots that keep what they hear. */
export class VoicePeer implements AsyncDisposable {
  readonly connection: RTCPeerConnection;
  /** What was heard, by the `mid` of its slot. */
  readonly heard = new Map<string, HeardPacket[]>();
  readonly #microphone = new MediaStreamTrack({ kind: 'audio' });
  #sequence = randomBytes(2).readUInt16BE();
  #timestamp = randomBytes(4).readUInt32BE();
  #talking: NodeJS.Timeout | undefined;
  #said = 0;

  constructor() {
    const opus = { mimeType: 'audio/opus', clockRate: 48_000, channels: 2 };
    this.connection = new RTCPeerConnection({
      codecs: { audio: [new RTCRtpCodecParameters(opus)], video: [] },
      headerExtensions: { audio: [useSdesMid(), useAudioLevelIndication()], video: [] },
      bundlePolicy: 'max-bundle',
      iceServers: [],
      iceUseIpv4: false,
      iceUseIpv6: false,
      iceAdditionalHostAddresses: ['127.0.0.1'],
      iceInterfaceAddresses: { udp4: '127.0.0.1' },
    });
    this.connection.addTransceiver(this.#microphone, { direction: 'sendonly' });
  }

  /** An offer with so many slots; later ones only add to them. */
  async offer(slots: number): Promise<string> {
    const here = this.connection.getTransceivers().length - 1;
    for (let slot = here; slot < slots; slot++) this.#addSlot();
    await this.connection.setLocalDescription(await this.connection.createOffer());
    return this.connection.localDescription?.sdp ?? '';
  }

  async take(answer: string): Promise<void> {
    await this.connection.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  /** How many frames were sent so far. */
  get said(): number {
    return this.#said;
  }

  /** Resolves when the media can flow. */
  async connected(ms = 5_000): Promise<void> {
    for (const end = Date.now() + ms; this.connection.connectionState !== 'connected';) {
      if (Date.now() > end) throw new Error(`the media did not connect: ${this.connection.connectionState}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Sends a frame every 20 ms, as loud as said, with a payload that can be recognized. */
  talk(payload = 'sound', level = 20): void {
    this.hush();
    this.#talking = setInterval(() => this.say(payload, level), FRAME_MS);
  }

  hush(): void {
    clearInterval(this.#talking);
  }

  say(payload: string, level = 20): void {
    const sender = this.connection.getSenders()[0];
    this.#said += 1;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + 960) >>> 0;
    const header = new RtpHeader({ sequenceNumber: this.#sequence, timestamp: this.#timestamp });
    const id = this.connection.getTransceivers()[0]?.headerExtensions.find(({ uri }) => uri === LEVEL)?.id;
    if (id !== undefined) {
      header.extension = true;
      header.extensions = [{ id, payload: serializeAudioLevelIndication(level) }];
    }
    void sender?.sendRtp(new RtpPacket(header, Buffer.from(payload)));
  }

  /** How many packets were heard, in one slot or in all. */
  count(slot?: string): number {
    const all = slot === undefined ? [...this.heard.values()] : [this.heard.get(slot) ?? []];
    return all.reduce((sum, packets) => sum + packets.length, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hush();
    await this.connection.close();
  }

  #addSlot(): void {
    const transceiver = this.connection.addTransceiver('audio', { direction: 'recvonly' });
    transceiver.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ header, payload }) => {
        const slot = transceiver.mid ?? '';
        const packets = this.heard.get(slot) ?? [];
        packets.push({ seq: header.sequenceNumber, timestamp: header.timestamp, payload });
        this.heard.set(slot, packets);
      });
    });
  }
}
