import type { AccountId, AskKind, RunState } from '@skerry/protocol';
import type {
  AgentCall,
  AgentReply,
  AnswerContent,
  AskContent,
  MachineInfo,
  RunLine,
  RunMeta,
} from '@skerry/protocol/agents';
import type { ListRefusal } from '../keys/ports.ts';
import type { Platform } from '../platform.ts';
import type { StateStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import type { Cause } from '../views.ts';

/** What of a platform a machine needs; `createNodePlatform` of `@skerry/core/node` has all of it. */
export type MachinePlatform = Pick<Platform, 'clock' | 'random' | 'http' | 'openTransport' | 'crypto' | 'subtle'>;

/** What a pairing left on this computer. Keys are raw bytes, base64url. */
export type MachineIdentity = {
  /** Where the server is dialled. */
  readonly origin: string;
  readonly serverId: string;
  /** The server's Ed25519 key, pinned. */
  readonly serverKey: string;
  readonly account: AccountId;
  /** What signs this person's lists, as the approving device said, and the newest list that device knew. */
  readonly accountKey: string;
  readonly list: { readonly version: number; readonly digest: string };
  /** This machine's number. */
  readonly device: number;
  /** Ed25519 seed. Secret. */
  readonly signing: string;
  /** Curve25519, its Signal identity. Secret; what is kept in the store is sealed under a key made of it. */
  readonly identity: string;
  readonly registrationId: number;
};

export type MachineTokens = { readonly refreshToken: string };

export type MachineLinkOptions = {
  readonly platform: MachinePlatform;
  /** Of this link alone; closed by whoever opened it, after the link. */
  readonly store: StateStore;
  readonly identity: MachineIdentity;
  readonly tokens: MachineTokens;
  /** Must be on the disk when it resolves: the token before works only until the new one is first used. */
  readonly saveTokens: (tokens: MachineTokens) => Promise<void>;
};

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'waiting'; readonly nextAt: number; readonly cause: Cause }
  /** No signed list names it yet. It looks again by itself. */
  | { readonly kind: 'unlisted' }
  /** The person took it off, or its session was ended: for good. */
  | { readonly kind: 'revoked' }
  | {
      readonly kind: 'refused';
      /**
       * `identity`: another key answers at the address. `list`: the person's list does not follow from what was verified
       * before, so nothing is believed any more. `unsupported`: the server has no machines. `incompatible`: one is too old.
       */
      readonly why: 'identity' | 'list' | 'unsupported' | 'incompatible';
      readonly list: ListRefusal | null;
    };

export type NewAsk = {
  /** UUID. Opened again under the same id it is the same ask, and what was first given under it counts. */
  readonly id: string;
  readonly run: string;
  readonly kind: AskKind;
  /** With a salt of its own. */
  readonly content: AskContent;
  /** Unix milliseconds by this computer's clock, from 1 s to 30 days from now. */
  readonly expiresAt: number;
};

/** How an ask ended. Only `answered` may be acted on. SPEC M-11. */
export type AskEnd = { readonly ask: string; readonly run: string } & (
  | { readonly kind: 'answered'; readonly answer: AnswerContent; readonly by: number; readonly at: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'expired' }
  /** The server shows an answer that no listed device gave to what was asked. Nobody has decided. */
  | { readonly kind: 'unverified'; readonly why: AnswerFault }
);

export type AnswerFault =
  /** No device of the newest list has this number. */
  | 'signer'
  | 'signature'
  /** It can't be opened, is malformed, or is not what was signed. */
  | 'decision'
  /** It came when the time was over. */
  | 'late';

/**
 * One pairing's link to its server: what happens on this computer goes up encrypted, what the person decides comes down
 * verified. Knows no agent. Whatever takes a signal waits for the server as long as that is not aborted and the link not
 * disposed; cut off in between it is sent again under the same id. All throw SkerryError with the server's refusal when that
 * is for good, and LocalError `unavailable` once the link is disposed, revoked or refused.
 */
export interface MachineLink extends AsyncDisposable {
  readonly state: Subscribable<LinkState>;
  /** What can be started here; absolute. The last one counts, also over restarts. */
  describe(info: MachineInfo, signal?: AbortSignal): Promise<void>;
  /** @param id UUID; again with the same id it is the same run */
  createRun(id: string, meta: RunMeta, signal?: AbortSignal): Promise<void>;
  /** What is left out stays. */
  setRun(id: string, to: { readonly state?: RunState; readonly meta?: RunMeta }, signal?: AbortSignal): Promise<void>;
  /**
   * At most 64 lines, in order; those of an id that the server has already are skipped there, so whoever is not sure sends
   * again. One append at a time for each run.
   * @returns the number of the run's last entry
   */
  append(
    run: string,
    lines: readonly { readonly id: string; readonly line: RunLine }[],
    signal?: AbortSignal,
  ): Promise<number>;
  /** Resolves once the server has it. @throws SkerryError `ask_closed` when it is over already */
  openAsk(ask: NewAsk, signal?: AbortSignal): Promise<void>;
  /** @returns `closed` when something else was first, which {@link onAskEnd} tells */
  cancelAsk(id: string, signal?: AbortSignal): Promise<'cancelled' | 'closed'>;
  /** The answer was acted on; every device of the person is told. */
  taken(id: string, signal?: AbortSignal): Promise<void>;
  /**
   * Tells how each ask ended that was opened here, also while away or before a restart, in no order over asks: again and
   * again until the handler resolves, so the handler's own journal makes it once; one's own cancelling too. Whether the answer
   * is among what was asked, the handler looks: M-16. One handler.
   */
  onAskEnd(handler: (end: AskEnd) => Promise<void>): void;
  /**
   * Calls of the person's listed devices, decrypted, of a size and age that may be; several at once. The same `op` may come
   * more than once: the handler gives the same reply and does it once. What it throws becomes `bad_call`. One handler.
   */
  onCall(handler: (call: AgentCall, from: number) => Promise<AgentReply>): void;
}
