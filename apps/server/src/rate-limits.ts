import { SkerryError } from '@skerry/protocol';

export type Clock = { now(): number };
export type Rate = {
  /** How many may come at once. */
  readonly burst: number;
  /** Milliseconds until one more may come. */
  readonly everyMs: number;
};

const MOST_KEYS = 50_000;

/** Token buckets by key, in memory. A key never seen, or not seen for long, has a full bucket. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #clock: Clock;
  /** In order of last use, the oldest first. `at`: when the bucket held `left`. */
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Takes one, or as many as asked for but never more than a bucket holds. @returns milliseconds until the next try can pass, 0 when this one passed */
  take(key: string, many = 1): number {
    const wanted = Math.min(many, this.#rate.burst);
    const now = this.#clock.now();
    const known = this.#buckets.get(key);
    const left =
      known === undefined
        ? this.#rate.burst
        : Math.min(this.#rate.burst, known.left + Math.max(0, now - known.at) / this.#rate.everyMs);
    const passes = left >= wanted;
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: passes ? left - wanted : left, at: now });
    if (this.#buckets.size > MOST_KEYS) this.#forgetOldest();
    return passes ? 0 : Math.ceil((wanted - left) * this.#rate.everyMs);
  }

  /** Gives the key a full bucket again. */
  reset(key: string): void {
    this.#buckets.delete(key);
  }

  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next();
    if (!oldest.done) this.#buckets.delete(oldest.value);
  }
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What one address, or one account, may ask for. Chosen so that a person or a busy client never meets them. */
export const RATES = {
  /** Any HTTP request, per address. */
  request: { burst: 600, everyMs: 20 },
  /** Sockets opened, per address. */
  connect: { burst: 120, everyMs: 250 },
  /** Passwords tried for one account from one address. */
  signIn: { burst: 10, everyMs: 30 * SECOND },
  /** Passwords tried from one address, whatever the account. */
  signInAddress: { burst: 60, everyMs: 5 * SECOND },
  /** Passwords tried for one account from addresses it was never signed in from. */
  signInAccount: { burst: 60, everyMs: 60 * SECOND },
  register: { burst: 20, everyMs: 30 * SECOND },
  refresh: { burst: 60, everyMs: SECOND },
  reset: { burst: 10, everyMs: MINUTE },
  proof: { burst: 120, everyMs: 100 },
  /** Challenges to sign, per address. */
  challenge: { burst: 60, everyMs: SECOND },
  /** Devices tied to sessions, and prekeys put into the directory, of one account. */
  device: { burst: 60, everyMs: 10 * SECOND },
  /** Prekeys one account takes of one device. */
  claim: { burst: 20, everyMs: 30 * SECOND },
  /** Requests to be paired from one address, and what they ask while they wait. */
  pairing: { burst: 20, everyMs: 10 * SECOND },
  pairingStep: { burst: 200, everyMs: 250 },
  /** Requests of machines that one account takes or answers. */
  pairingClaim: { burst: 20, everyMs: 5 * SECOND },
  /** Attachments and backups one account uploads. */
  upload: { burst: 60, everyMs: 10 * SECOND },
  /** Answers of one account's assistants. */
  assistantAnswer: { burst: 30, everyMs: 2 * SECOND },
  /** Questions to Discord for one account. */
  connectBot: { burst: 20, everyMs: 15 * SECOND },
  /** Websites one account has read at once. */
  fetchWebsite: { burst: 40, everyMs: 10 * SECOND },
  /** Calls to machines of one account, and parts of their answers. */
  relay: { burst: 600, everyMs: 10 },
  /** Rooms one account joins, and what else it asks of voice. */
  voiceJoin: { burst: 20, everyMs: 2 * SECOND },
  voice: { burst: 60, everyMs: 250 },
  /** Commands of one account, by socket and HTTP together. */
  command: { burst: 300, everyMs: 25 },
  /** Envelopes of one account that belong to no message. */
  envelopes: { burst: 2_048, everyMs: 20 },
  /** Frames of one account's sockets, whatever they say. */
  frame: { burst: 2_000, everyMs: 2 },
  /** Typing and presence notices of one account. */
  notice: { burst: 30, everyMs: SECOND },
} as const satisfies Record<string, Rate>;

export type RateName = keyof typeof RATES;

/** Every rate limit of a server. One object, shared by HTTP and sockets. */
export class RateLimits {
  readonly #buckets: ReadonlyMap<RateName, TokenBuckets>;

  /** @param scale multiplies every limit */
  constructor(clock: Clock, scale: number) {
    const names = Object.keys(RATES) as RateName[];
    this.#buckets = new Map(names.map((name) => [name, new TokenBuckets(scaled(RATES[name], scale), clock)]));
  }

  /** @throws SkerryError rate_limited, with the milliseconds to wait */
  take(name: RateName, key: string, many = 1): void {
    const retryAfterMs = this.wait(name, key, many);
    if (retryAfterMs > 0) throw new SkerryError('rate_limited', { retryAfterMs });
  }

  /** Takes one, or as many as asked for. @returns milliseconds to wait, 0 when it passed */
  wait(name: RateName, key: string, many = 1): number {
    return this.#buckets.get(name)?.take(key, many) ?? 0;
  }

  reset(name: RateName, key: string): void {
    this.#buckets.get(name)?.reset(key);
  }
}

/** One caller, for counting: an IPv4 address as it is, of an IPv6 address the half that names the network. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')}/64`;
}

function scaled(rate: Rate, scale: number): Rate {
  return { burst: Math.max(1, Math.round(rate.burst * scale)), everyMs: rate.everyMs / scale };
}
