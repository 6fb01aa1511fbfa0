import type { AskKind, AskState, Link, PairingNotice, RunState } from '@skerry/protocol';
import type {
  AgentProblem,
  AgentReply,
  AnswerContent,
  AskContent,
  MachineInfo,
  RunLine,
  RunMeta,
} from '@skerry/protocol/agents';
import { LocalError } from '../errors.ts';
import type { Subscribable } from '../subscribable.ts';
import type { EntryId } from '../views.ts';

/** Where one server's part stands. `off`: it has no machines, or this device has no keys there. */
export type MachinesPart = {
  readonly entryId: EntryId;
  readonly label: string;
  readonly state: 'off' | 'loading' | 'fresh' | 'stale';
  /** Why it is off. */
  readonly off: 'unsupported' | 'no_keys' | null;
};

/** Keys of these views are unique over all servers; ids are each server's own. */
export type MachineView = {
  readonly key: string;
  readonly entryId: EntryId;
  readonly serverLabel: string;
  readonly device: number;
  readonly name: string;
  readonly system: string;
  readonly program: string;
  /** Known only while its server is live. */
  readonly online: boolean | null;
  readonly lastSeenAt: number;
  readonly pairedAt: number;
  /** Null until it said something that can be read here. */
  readonly info: MachineInfo | null;
  /** `joining`: approved, and has not come yet. `unlisted`: no signed list names it, so nothing of it is believed. `locked`: its keys have not come to this device. */
  readonly standing: 'joining' | 'unlisted' | 'locked' | 'ready';
};

export type RunView = {
  readonly key: string;
  readonly entryId: EntryId;
  readonly serverLabel: string;
  readonly id: string;
  readonly machine: number;
  readonly machineName: string;
  readonly machineOnline: boolean | null;
  readonly state: RunState;
  /** Null when it can't be read here, or was erased. */
  readonly meta: RunMeta | null;
  readonly erased: boolean;
  readonly head: number;
  /** Of this device's clock, Unix milliseconds. */
  readonly startedAt: number;
  readonly updatedAt: number;
  /** Open ones. */
  readonly asks: number;
};

/** What became of an answer that was given here. `refused` says why in `problem`. */
export type AnswerProgress =
  | { readonly kind: 'none' }
  | { readonly kind: 'sending' }
  | { readonly kind: 'failed'; readonly problem: 'unavailable' | 'closed' | 'expired' | 'other' };

export type AskView = {
  readonly key: string;
  readonly entryId: EntryId;
  readonly serverLabel: string;
  readonly id: string;
  readonly run: string;
  readonly runTitle: string | null;
  readonly machine: number;
  readonly machineName: string;
  readonly machineOnline: boolean | null;
  readonly kind: AskKind;
  readonly state: AskState;
  /** Null when it can't be read here, or is not what its digest says. */
  readonly content: AskContent | null;
  /** Of this device's clock. */
  readonly openedAt: number;
  readonly expiresAt: number;
  readonly closedAt: number | null;
  readonly answer: {
    readonly device: number;
    /** Null for a device that is gone. */
    readonly deviceName: string | null;
    readonly isThis: boolean;
    readonly at: number;
    readonly content: AnswerContent | null;
  } | null;
  /** When the machine said that it has it. */
  readonly takenAt: number | null;
  readonly progress: AnswerProgress;
  readonly stale: boolean;
};

/** A computer that asked to become this person's machine, as another device of theirs dealt with it. T5 */
export type PairingNoticeView = {
  readonly key: string;
  readonly entryId: EntryId;
  readonly serverLabel: string;
  /** What the computer calls itself. */
  readonly label: string;
  readonly state: PairingNotice['state'];
  /** The device that dealt with it; its name is null when it is gone. */
  readonly device: number;
  readonly deviceName: string | null;
  /** Of this device's clock. */
  readonly at: number;
};

export type FleetMachinesView = {
  readonly parts: readonly MachinesPart[];
  /** By name, then by server. */
  readonly machines: readonly MachineView[];
  /** The last changed first. */
  readonly runs: readonly RunView[];
  /** Open ones, the oldest first. */
  readonly asks: readonly AskView[];
  /** Closed ones of late, the newest first, at most 200. */
  readonly closed: readonly AskView[];
  /** What other devices did about pairings of late, the newest first, each once; gone once dismissed. */
  readonly notices: readonly PairingNoticeView[];
};

export type RunEntryView = {
  readonly n: number;
  readonly id: string;
  /** Null when it can't be read here. */
  readonly line: RunLine | null;
};

export type TranscriptView = {
  /** Without gaps, ascending. */
  readonly entries: readonly RunEntryView[];
  readonly hasOlder: boolean;
  readonly loading: boolean;
  /** It follows what the machine writes. False: what is shown may be old. */
  readonly live: boolean;
  /** `erased`, `gone`: nothing will come. */
  readonly ended: 'erased' | 'gone' | null;
};

/** The machine was reached and said no. */
export class AgentRefusal extends LocalError {
  readonly problem: AgentProblem;
  /** What an agent or the machine said about it: foreign text. */
  readonly say: string | null;
  constructor(problem: AgentProblem, say: string | null) {
    super('bad_request', 'The machine did not do it.');
    this.name = 'AgentRefusal';
    this.problem = problem;
    this.say = say;
  }
}

/**
 * One run while it is looked at; dispose to let it go. Calls go to its machine over its own server, whatever is focused.
 * All throw {@link AgentRefusal}; SkerryError `machine_offline`, `timed_out`, `no_device`; LocalError `unavailable`.
 */
export interface RunHandle extends Disposable {
  readonly run: Subscribable<RunView | undefined>;
  readonly transcript: Subscribable<TranscriptView>;
  loadOlder(): Promise<void>;
  prompt(text: string): Promise<void>;
  cancel(): Promise<void>;
  setMode(mode: string): Promise<void>;
  end(): Promise<void>;
  resume(): Promise<void>;
}

export type FolderList = Extract<AgentReply, { did: 'listed' }>;

/** Machines, runs and asks over all servers. One that is slow, gone or lies takes nothing from the others. */
export interface FleetMachines {
  readonly view: Subscribable<FleetMachinesView>;
  run(entry: EntryId, run: string): RunHandle;
  /** As on {@link RunHandle}. */
  folders(
    at: { readonly entry: EntryId; readonly machine: number },
    path: string | null,
    signal?: AbortSignal,
  ): Promise<FolderList>;
  /** @returns the run's id. A call that got no answer may be made again: it starts one run. */
  start(
    at: { readonly entry: EntryId; readonly machine: number },
    what: {
      readonly agent: string;
      readonly folder: string;
      readonly mode: string | null;
      readonly prompt: string | null;
    },
    signal?: AbortSignal,
  ): Promise<string>;
  /**
   * Signs and sends an answer to the ask's own server, also to one that is not in the view any more. Resolves once that server
   * has committed it.
   * @throws SkerryError `ask_closed` when somebody was quicker, `unavailable`; LocalError `bad_request` for a choice it has not
   */
  answer(
    ask: Pick<AskView, 'entryId' | 'id'>,
    decision: { readonly choice: string | null; readonly text: string | null },
  ): Promise<void>;
  rename(at: { readonly entry: EntryId; readonly machine: number }, name: string): Promise<void>;
  /** Takes it off the signed list, which ends its session, its runs and asks. */
  remove(at: { readonly entry: EntryId; readonly machine: number }): Promise<void>;
  /** What was said in it and in its asks goes for good. */
  erase(entry: EntryId, run: string): Promise<void>;
  /** Runs that ended before those of the view. */
  olderRuns(
    entry: EntryId,
    before: number,
    signal?: AbortSignal,
  ): Promise<{ readonly runs: readonly RunView[]; readonly more: boolean }>;
  dismissNotice(notice: Pick<PairingNoticeView, 'key'>): void;
  /**
   * Which entry a code is about: that of the server it names, never another one; the primary where it names none (S2.57).
   * Undefined: that server has to be joined first, at the link's address. Asks nobody.
   */
  entryOf(link: Link): Promise<EntryId | undefined>;
  /** Begins with a link of kind `terminal` once its server is an entry that is live. @throws LocalError `bad_request` for another link */
  pair(link: Link, entry: EntryId): Pairing;
}

export type PairingRequestView = {
  readonly label: string;
  readonly system: string;
  readonly program: string;
  /** Of this device's clock. */
  readonly askedAt: number;
  readonly expiresAt: number;
};

export type PairingStage =
  /** Its server is not live yet, or the person's keys there are not ready. */
  | { readonly kind: 'waiting'; readonly for: 'server' | 'keys' }
  | { readonly kind: 'claiming' }
  /** The machine has not shown its nonce yet. */
  | { readonly kind: 'meeting'; readonly request: PairingRequestView }
  | {
      readonly kind: 'comparing';
      readonly request: PairingRequestView;
      readonly words: readonly string[];
      readonly digits: string;
    }
  | { readonly kind: 'approving'; readonly request: PairingRequestView }
  /** It is on the signed list. */
  | { readonly kind: 'approved'; readonly request: PairingRequestView; readonly machine: number }
  | {
      readonly kind: 'ended';
      /** `used`: expired, unknown, or another device has it. `forged`: what the server says is not what the code says. */
      readonly why: 'expired' | 'used' | 'forged' | 'other_server' | 'denied' | 'withdrawn' | 'unsupported' | 'failed';
    };

/** One code that was read. It speaks to the one server of the code, however the person moves about. T4 */
export interface Pairing extends AsyncDisposable {
  readonly entryId: EntryId;
  readonly stage: Subscribable<PairingStage>;
  /** The person saw the same words and digits on both screens. @throws LocalError `bad_request` unless comparing */
  approve(): Promise<void>;
  /** @param report the person did not start this */
  deny(report: boolean): Promise<void>;
}
