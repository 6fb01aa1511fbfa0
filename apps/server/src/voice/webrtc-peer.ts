import type { Socket } from 'node:dgram';
import type { Server } from 'node:net';
import { SkerryError } from '@skerry/protocol';
import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
  useAudioLevelIndication,
  useSdesMid,
  type RTCRtpSender,
} from 'werift';
import { Genuine } from './genuine.ts';
import { readOffer, withAddresses, type Offer } from './offer.ts';
import type { Outlet, Sound } from './sound-router.ts';

export type PeerOptions = {
  /** First and last port media may use. */
  readonly ports: readonly [number, number];
  /** What clients are told to send to. */
  readonly addresses: readonly string[];
  /** Milliseconds. */
  readonly now: () => number;
  readonly onSound: (sound: Sound) => void;
  readonly onConnected: (isConnected: boolean) => void;
  /** Somebody answered from here: an address as the system writes it. */
  readonly onReached: (address: string) => void;
};

/** How long the library may take for one description; it has nobody to wait for. */
const NEGOTIATION_MS = 5_000;
/** A browser asks for a sign of life at least every five seconds. */
const SILENCE_MS = 8_000;
const LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
type Receive = (data: Buffer, from: readonly [string, number]) => void;
/** What the library opened: for UDP, or for TCP. */
type Port = {
  readonly transport?: { readonly socket?: Socket };
  readonly server?: Server;
  datagramReceived?: Receive;
  handleFrame?: Receive;
};

/** Over TCP, to one port. A browser opens one or two. */
const MOST_CONNECTIONS = 8;
/** Where to listen: candidates are rewritten before they leave. A server that is reached from its own machine alone opens nothing else. */
const listenAt = (addresses: readonly string[]): string =>
  addresses.every((address) => address.startsWith('127.')) ? '127.0.0.1' : '0.0.0.0';

/**
 * One person's WebRTC: what their microphone sends comes out, what they hear goes in. The server is an ICE-lite agent: it
 * answers where the client proved to be and never tries addresses the client names. SPEC V-10.
 */
export class WebRtcPeer implements Outlet {
  readonly #options: PeerOptions;
  readonly #connection: RTCPeerConnection;
  readonly #senders = new Map<string, RTCRtpSender>();
  #slots: readonly string[] = [];
  #offer: Offer | undefined;
  #isConnected = false;
  #heardAt: number;
  #closing: Promise<void> | undefined;
  #isBroken = false;
  readonly #genuine = new Genuine();
  readonly #guarded = new Set<unknown>();

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#heardAt = options.now();
    const address = listenAt(options.addresses);
    this.#connection = new RTCPeerConnection({
      codecs: {
        audio: [
          new RTCRtpCodecParameters({
            mimeType: 'audio/opus',
            clockRate: 48_000,
            channels: 2,
            parameters: 'minptime=10;useinbandfec=1;usedtx=1',
          }),
        ],
        video: [],
      },
      headerExtensions: { audio: [useSdesMid(), useAudioLevelIndication()], video: [] },
      bundlePolicy: 'max-bundle',
      iceServers: [],
      iceLite: true,
      iceUseIpv4: false,
      iceUseIpv6: false,
      iceUseTcp: true,
      iceAdditionalHostAddresses: [address],
      iceInterfaceAddresses: { udp4: address },
      icePortRange: [...options.ports],
      iceFilterStunResponse: (_message, [address], port) => {
        // Before that nobody asked whether it is signed.
        if (!this.#guarded.has(port)) return false;
        this.#heard(address);
        return true;
      },
    });
    this.#connection.connectionStateChange.subscribe((state) => {
      if (state === 'connected') this.#turn(true);
      else if (state !== 'new' && state !== 'connecting') this.#turn(false);
    });
    this.#connection.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ header, payload }, extensions) => {
        this.#heardAt = this.#options.now();
        const said = extensions?.[LEVEL] as { level?: unknown } | undefined;
        const level = typeof said?.level === 'number' ? said.level : 127;
        this.#options.onSound({ seq: header.sequenceNumber, timestamp: header.timestamp, level, payload });
      });
    });
  }

  get slots(): readonly string[] {
    return this.#slots;
  }

  get isOpen(): boolean {
    return this.#isConnected;
  }

  /** A description was taken half: nothing more can be agreed on. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /**
   * The first description, or one with more slots.
   * @returns the answer
   * @throws SkerryError bad_request, unavailable; see {@link isBroken}
   */
  async answer(text: string): Promise<string> {
    if (this.#isBroken) throw new SkerryError('gone');
    const offer = readOffer(text);
    const isSmaller = this.#offer?.slots.some((slot) => !offer.slots.includes(slot)) === true;
    if (isSmaller || (this.#offer !== undefined && this.#offer.mic !== offer.mic))
      throw new SkerryError('bad_request', { field: 'sdp', message: 'A later offer only adds slots.' });
    try {
      return await inTime(this.#negotiate(offer));
    } catch (error) {
      this.#isBroken = true;
      if (error instanceof SkerryError) throw error;
      throw new SkerryError('bad_request', { field: 'sdp', message: 'The offer cannot be answered.' });
    }
  }

  send(slot: string, { seq, timestamp, marker, payload }: Sound & { readonly marker: boolean }): void {
    const header = new RtpHeader({ sequenceNumber: seq, timestamp, marker });
    // It is dropped when the connection has ended meanwhile.
    this.#senders
      .get(slot)
      ?.sendRtp(new RtpPacket(header, payload as Buffer))
      .catch(() => undefined);
  }

  /** Called a few times a second. */
  tick(): void {
    if (this.#isConnected && this.#options.now() - this.#heardAt > SILENCE_MS) this.#turn(false);
  }

  /** Gives the ports back. Safe to call twice. */
  close(): Promise<void> {
    this.#isConnected = false;
    return (this.#closing ??= inTime(this.#connection.close()).catch(() => undefined));
  }

  async #negotiate(offer: Offer): Promise<string> {
    await this.#connection.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
    for (const transceiver of this.#connection.getTransceivers()) {
      const mid = transceiver.mid ?? '';
      if (!offer.slots.includes(mid)) continue;
      transceiver.setDirection('sendonly');
      this.#senders.set(mid, transceiver.sender);
    }
    await this.#connection.setLocalDescription(await this.#connection.createAnswer());
    const sdp = this.#connection.localDescription?.sdp ?? '';
    // Another program has the ports of the range.
    if (!sdp.includes('a=candidate:')) throw new SkerryError('unavailable', { retryAfterMs: 5_000 });
    this.#genuine.told(sdp);
    this.#guardPorts();
    this.#offer = offer;
    this.#slots = offer.slots;
    return withAddresses(sdp, this.#options.addresses);
  }

  /** Nobody else listens for what goes wrong at the ports, or asks who it is that sends to them. */
  #guardPorts(): void {
    for (const { connection } of this.#connection.iceTransports)
      for (const port of (connection as unknown as { readonly protocols?: readonly Port[] }).protocols ?? []) {
        if (this.#guarded.has(port)) continue;
        this.#guarded.add(port);
        port.transport?.socket?.on('error', () => undefined);
        if (port.server !== undefined) port.server.maxConnections = MOST_CONNECTIONS;
        for (const way of ['datagramReceived', 'handleFrame'] as const) {
          const receive = port[way]?.bind(port);
          if (receive === undefined) continue;
          port[way] = (data, from) => {
            if (this.#genuine.takes(data, from)) receive(data, from);
          };
        }
      }
  }

  #heard(address: string): void {
    this.#heardAt = this.#options.now();
    this.#options.onReached(address);
    if (!this.#isConnected && this.#connection.connectionState === 'connected') this.#turn(true);
  }

  #turn(isConnected: boolean): void {
    if (this.#closing !== undefined || this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    this.#options.onConnected(isConnected);
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('it takes too long')), NEGOTIATION_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
