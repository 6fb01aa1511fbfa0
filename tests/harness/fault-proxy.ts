import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** `up` is from the client to the server. */
export type Direction = 'up' | 'down';

export type Faults = {
  /** Held back, not delivered, while the connection stays open: what a half-open TCP connection looks like. */
  readonly stalled: readonly Direction[];
  /** Largest piece handed on at once; null for whatever arrived. */
  readonly sliceBytes: number | null;
  /** Milliseconds before each piece is handed on. */
  readonly delayMs: number;
  /** Null for no limit. */
  readonly bytesPerSecond: number | null;
};

const NONE: Faults = { stalled: [], sliceBytes: null, delayMs: 0, bytesPerSecond: null };
/** Beyond this much held back, the sender feels the pressure. */
const HELD_BYTES = 1 << 20;

/**
 * A TCP proxy on loopback whose faults can be switched while connections run through it. Its port stays the same for
 * its whole life, also while it refuses connections.
 */
export class FaultProxy implements AsyncDisposable {
  readonly port: number;
  /** Connections accepted since the start, with the time of each (Unix milliseconds). */
  readonly accepted: number[] = [];
  #target: number;
  #listener: Server | undefined;
  #faults: Faults = NONE;
  readonly #links = new Set<Link>();
  readonly #changes = new Set<() => void>();
  #cutAfter: { direction: Direction; left: number } | undefined;

  private constructor(target: number, listener: Server) {
    this.#target = target;
    this.#listener = listener;
    this.port = (listener.address() as AddressInfo).port;
    this.#take(listener);
  }

  /** @param target loopback port behind the proxy */
  static async open(target: number): Promise<FaultProxy> {
    return new FaultProxy(target, await listen(0));
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get open(): number {
    return this.#links.size;
  }

  /** Changes the named faults, for connections that exist as well. */
  set(faults: Partial<Faults>): void {
    this.#faults = { ...this.#faults, ...faults };
    for (const change of this.#changes) change();
  }

  /** Everything runs freely again; what was stalled is delivered. */
  heal(): void {
    this.#cutAfter = undefined;
    this.set(NONE);
  }

  /** Nobody gets in any more (ECONNREFUSED); those inside stay unless cut. */
  async refuse(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener === undefined) return;
    // Its callback would wait for the connections inside; the listening socket itself closes at once.
    listener.close();
    await nextTurn();
  }

  async accept(): Promise<void> {
    if (this.#listener !== undefined) return;
    this.#listener = await listen(this.port);
    this.#take(this.#listener);
  }

  /** Resets (RST) every connection that runs now. */
  cut(): void {
    for (const link of [...this.#links]) link.reset();
  }

  /** Resets all connections as soon as so many further bytes went that way. */
  cutAfter(bytes: number, direction: Direction = 'down'): void {
    this.#cutAfter = { direction, left: bytes };
  }

  /** New connections go to another port. */
  retarget(port: number): void {
    this.#target = port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
    this.cut();
  }

  #take(listener: Server): void {
    listener.on('connection', (client) => {
      this.accepted.push(Date.now());
      const link = new Link(client, connect({ port: this.#target, host: '127.0.0.1' }), {
        faults: () => this.#faults,
        changed: () =>
          new Promise((resolve) => {
            const once = (): void => {
              this.#changes.delete(once);
              resolve();
            };
            this.#changes.add(once);
          }),
        passing: (direction, bytes) => this.#allowance(direction, bytes),
        used: (direction, bytes) => this.#use(direction, bytes),
        ended: () => this.#links.delete(link),
      });
      this.#links.add(link);
    });
  }

  #allowance(direction: Direction, bytes: number): number {
    return this.#cutAfter?.direction === direction ? Math.min(bytes, this.#cutAfter.left) : bytes;
  }

  #use(direction: Direction, bytes: number): void {
    const cut = this.#cutAfter;
    if (cut?.direction !== direction) return;
    cut.left -= bytes;
    if (cut.left > 0) return;
    this.#cutAfter = undefined;
    this.cut();
  }
}

type LinkOwner = {
  faults(): Faults;
  changed(): Promise<void>;
  /** How many of these bytes may still pass. */
  passing(direction: Direction, bytes: number): number;
  used(direction: Direction, bytes: number): void;
  ended(): void;
};

class Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #owner: LinkOwner;
  #over = false;

  constructor(client: Socket, server: Socket, owner: LinkOwner) {
    this.#client = client;
    this.#server = server;
    this.#owner = owner;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.reset());
      socket.on('close', () => this.#close());
    }
    void this.#pump('up', client, server);
    void this.#pump('down', server, client);
  }

  reset(): void {
    for (const socket of [this.#client, this.#server]) if (!socket.destroyed) socket.resetAndDestroy();
    this.#close();
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#client.destroy();
    this.#server.destroy();
    this.#owner.ended();
  }

  async #pump(direction: Direction, from: Socket, to: Socket): Promise<void> {
    const held: Buffer[] = [];
    let heldBytes = 0;
    let finished = false;
    let wake = (): void => undefined;
    from.on('data', (chunk: Buffer) => {
      held.push(chunk);
      heldBytes += chunk.length;
      if (heldBytes > HELD_BYTES) from.pause();
      wake();
    });
    from.on('end', () => {
      finished = true;
      wake();
    });
    for (;;) {
      while (held.length === 0 && !finished && !this.#over) await new Promise<void>((resolve) => (wake = resolve));
      if (this.#over) return;
      while (this.#owner.faults().stalled.includes(direction)) await this.#owner.changed();
      const chunk = held.shift();
      if (chunk === undefined) {
        to.end();
        return;
      }
      heldBytes -= chunk.length;
      if (heldBytes <= HELD_BYTES) from.resume();
      await this.#handOn(direction, chunk, to);
    }
  }

  async #handOn(direction: Direction, chunk: Buffer, to: Socket): Promise<void> {
    for (let at = 0; at < chunk.length && !this.#over;) {
      const { sliceBytes, delayMs, bytesPerSecond } = this.#owner.faults();
      if (delayMs > 0) await sleep(delayMs);
      while (this.#owner.faults().stalled.includes(direction)) await this.#owner.changed();
      const size = this.#owner.passing(direction, Math.min(sliceBytes ?? chunk.length, chunk.length - at));
      const piece = chunk.subarray(at, at + size);
      at += size;
      if (this.#over || to.destroyed) return;
      await written(to, piece);
      if (bytesPerSecond !== null) await sleep((size / bytesPerSecond) * 1000);
      else if (sliceBytes !== null) await nextTurn();
      this.#owner.used(direction, size);
    }
  }
}

async function written(to: Socket, piece: Buffer): Promise<void> {
  // The callback comes when the bytes are with the kernel, so a cut after them cannot take them back from its buffer.
  await new Promise<void>((resolve) => to.write(piece, () => resolve()));
}

async function listen(port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}
