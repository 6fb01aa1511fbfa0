import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { SkerryError } from '@skerry/protocol';
import type { Slots, VoiceStatus } from '@skerry/protocol/voice';
import type { WebSocket } from 'ws';
import { distanceOf, farther } from './distance.ts';
import type { EngineEvents, Grant, Rights, Stay, VoiceEngine } from './engine.ts';
import { SocketPeer } from './socket-peer.ts';
import { SoundRouter } from './sound-router.ts';
import { Tickets } from './tickets.ts';
import { WebRtcPeer } from './webrtc-peer.ts';

export type EmbeddedOptions = {
  readonly ports: readonly [number, number];
  readonly addresses: readonly string[];
  readonly events: EngineEvents;
  /** Milliseconds. */
  readonly now: () => number;
};

type Peer =
  { readonly kind: 'webrtc'; readonly peer: WebRtcPeer } | { readonly kind: 'socket'; readonly peer: SocketPeer };

const TICK_MS = 200;
/** People whose sound goes over sockets; those take no port. */
const MOST_SOCKETS = 500;

/** Forwards everybody's sound inside the server's own process. Each person with WebRTC has one port of the range. SPEC V-10. */
export class EmbeddedEngine implements VoiceEngine {
  readonly #options: EmbeddedOptions;
  readonly #router: SoundRouter;
  readonly #peers = new Map<Stay, Peer>();
  readonly #tickets: Tickets<Stay>;
  readonly #ticking: NodeJS.Timeout;
  /** Ports in use, by those who are going as well. */
  #ports = 0;
  /** The library finds a free port and opens it in two steps, so only one may look at a time. */
  #opening: Promise<unknown> = Promise.resolve();
  #reachedFrom: VoiceStatus['reachedFrom'] = null;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.#router = new SoundRouter(options.events, options.now);
    this.#tickets = new Tickets(options.now);
    this.#ticking = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  async join(stay: Stay, { sdp, rights }: { readonly sdp: string | null; readonly rights: Rights }): Promise<Grant> {
    return sdp === null ? this.#joinBySocket(stay, rights) : this.#joinByWebRtc(stay, { sdp, rights });
  }

  async renegotiate(stay: Stay, sdp: string): Promise<{ readonly sdp: string; readonly slots: Slots }> {
    const found = this.#peers.get(stay);
    if (found?.kind !== 'webrtc') throw new SkerryError('not_found');
    const answer = await found.peer.answer(sdp).catch((error: unknown) => {
      // It ends with its grace, unless the person joins anew before.
      if (found.peer.isBroken) this.#options.events.connected(stay, false);
      throw error;
    });
    this.#router.grown(stay);
    return { sdp: answer, slots: this.#router.slotsOf(stay) };
  }

  slotsOf(stay: Stay): Slots {
    return this.#router.slotsOf(stay);
  }

  setRights(stay: Stay, rights: Rights): void {
    this.#router.setRights(stay, rights);
  }

  async leave(stay: Stay): Promise<void> {
    const found = this.#peers.get(stay);
    if (found === undefined) return;
    this.#peers.delete(stay);
    this.#router.leave(stay);
    this.#tickets.forget(stay);
    if (found.kind === 'socket') found.peer.close();
    else await this.#release(found.peer);
  }

  /** A media socket brought this. @returns whether it is a ticket of somebody who is here; then the socket is theirs */
  admit(ticket: string, socket: WebSocket): boolean {
    const stay = this.#tickets.redeem(ticket);
    const found = stay === undefined ? undefined : this.#peers.get(stay);
    if (stay === undefined || found?.kind !== 'socket') return false;
    found.peer.attach(socket);
    this.#options.events.connected(stay, true);
    socket.on('close', () => this.#options.events.connected(stay, false));
    return true;
  }

  async status(): Promise<Omit<VoiceStatus, 'people' | 'relay'>> {
    const [first, last] = this.#options.ports;
    return {
      engine: 'embedded',
      ports: { first, last, inUse: this.#ports },
      addresses: [...this.#options.addresses],
      opens: { udp: await opensUdp(this.#options.ports), tcp: await opensTcp(this.#options.ports) },
      reachedFrom: this.#reachedFrom,
      streams: this.#router.streams,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticking);
    await Promise.all([...this.#peers.keys()].map((stay) => this.leave(stay)));
    await this.#opening;
  }

  #joinBySocket(stay: Stay, rights: Rights): Grant {
    const sockets = [...this.#peers.values()].filter(({ kind }) => kind === 'socket').length;
    if (sockets >= MOST_SOCKETS) throw full();
    const peer = new SocketPeer((sound) => this.#router.sound(stay, sound));
    this.#peers.set(stay, { kind: 'socket', peer });
    this.#router.enter(stay, peer, rights);
    return { kind: 'socket', ticket: this.#tickets.make(stay), slots: this.#router.slotsOf(stay) };
  }

  async #joinByWebRtc(stay: Stay, { sdp, rights }: { sdp: string; rights: Rights }): Promise<Grant> {
    const { ports, addresses, now, events } = this.#options;
    if (this.#ports > ports[1] - ports[0]) throw full();
    this.#ports += 1;
    const peer = new WebRtcPeer({
      ports,
      addresses,
      now,
      onSound: (sound) => this.#router.sound(stay, sound),
      onConnected: (isConnected) => events.connected(stay, isConnected),
      onReached: (address) => (this.#reachedFrom = farther(this.#reachedFrom, distanceOf(address))),
    });
    this.#peers.set(stay, { kind: 'webrtc', peer });
    try {
      const answer = await this.#oneAtATime(() => peer.answer(sdp));
      // Whoever left meanwhile has been let go of already.
      if (!this.#peers.has(stay)) throw new SkerryError('gone');
      this.#router.enter(stay, peer, rights);
      return { kind: 'webrtc', sdp: answer, slots: this.#router.slotsOf(stay) };
    } catch (error) {
      if (this.#peers.delete(stay)) await this.#release(peer);
      throw error;
    }
  }

  async #release(peer: WebRtcPeer): Promise<void> {
    await peer.close();
    this.#ports -= 1;
  }

  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#opening.then(work);
    this.#opening = turn.catch(() => undefined);
    return turn;
  }

  #tick(): void {
    this.#router.tick();
    for (const found of this.#peers.values()) if (found.kind === 'webrtc') found.peer.tick();
  }
}

const full = (): SkerryError =>
  new SkerryError('unavailable', { message: 'No more people fit into voice on this server now.', retryAfterMs: 5_000 });

/** Whether some port of the range can be opened at all. */
async function opensUdp(ports: readonly [number, number]): Promise<boolean> {
  return anyOf(
    ports,
    (port) =>
      new Promise((resolve) => {
        const socket = createSocket('udp4');
        socket.once('error', () => socket.close(() => resolve(false)));
        socket.bind(port, () => socket.close(() => resolve(true)));
      }),
  );
}

async function opensTcp(ports: readonly [number, number]): Promise<boolean> {
  return anyOf(
    ports,
    (port) =>
      new Promise((resolve) => {
        const server = createServer();
        server.once('error', () => resolve(false));
        server.listen(port, () => server.close(() => resolve(true)));
      }),
  );
}

/** From the end, where fewer are in use. */
async function anyOf(ports: readonly [number, number], opens: (port: number) => Promise<boolean>): Promise<boolean> {
  for (let port = ports[1]; port >= Math.max(ports[0], ports[1] - 9); port--) if (await opens(port)) return true;
  return false;
}
