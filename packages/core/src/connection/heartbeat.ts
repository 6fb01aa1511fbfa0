import { TIMES } from '@skerry/protocol';
import type { Clock, Random } from '../platform.ts';

export type HeartbeatDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly ping: (n: number) => void;
  readonly latency: (ms: number) => void;
  /** Nothing was heard for too long. Called once. */
  readonly dead: () => void;
};

/** A timer this late means the device slept. */
const SLEPT_MS = 30_000;
const PROBE_MS = 5_000;
const SPREAD = 0.1;

/** Notices a socket that died without saying so: half-open ones look healthy to the page. */
export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  #heardAt: number;
  #n = 0;
  #sentAt = 0;
  #cancel: () => void = () => undefined;
  #cancelProbe: (() => void) | undefined;
  #stopped = false;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
    this.#heardAt = deps.clock.now();
    this.#ping();
    this.#plan();
  }

  /** Anything the server sends shows that it lives. */
  heard(): void {
    this.#heardAt = this.#deps.clock.now();
    this.#cancelProbe?.();
    this.#cancelProbe = undefined;
    // A hidden tab's timers may run once a minute only; what arrives still wakes it, so the server hears in time.
    if (this.#heardAt - this.#sentAt > TIMES.heartbeatMs * (1 + SPREAD)) this.#ping();
  }

  ponged(n: number): void {
    if (n === this.#n) this.#deps.latency(Math.max(0, this.#deps.clock.now() - this.#sentAt));
  }

  /** Asks for a sign of life within 5 seconds, since the old socket cannot be trusted after a sleep or a change of network. */
  probe(): void {
    if (this.#stopped || this.#cancelProbe !== undefined) return;
    this.#cancelProbe = this.#deps.clock.after(PROBE_MS, () => this.#die());
    this.#ping();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#cancelProbe?.();
  }

  #plan(): void {
    if (this.#stopped) return;
    const { clock, random } = this.#deps;
    const now = clock.now();
    const beat = TIMES.heartbeatMs * (1 - SPREAD + 2 * SPREAD * random.fraction());
    const silentAt = this.#heardAt + TIMES.silenceMs;
    const due = Math.max(now, Math.min(now + beat, silentAt));
    this.#cancel = clock.after(due - now, () => this.#beat(due));
  }

  #beat(due: number): void {
    const now = this.#deps.clock.now();
    if (now - due > SLEPT_MS || now < due - SLEPT_MS) {
      // What was heard before the sleep, or before the clock was set, says nothing about now.
      this.#heardAt = now;
      this.probe();
    } else if (now - this.#heardAt >= TIMES.silenceMs) return this.#die();
    else this.#ping();
    this.#plan();
  }

  #ping(): void {
    this.#n++;
    this.#sentAt = this.#deps.clock.now();
    this.#deps.ping(this.#n);
  }

  #die(): void {
    if (this.#stopped) return;
    this.stop();
    this.#deps.dead();
  }
}
