import type {
  Account,
  AccountId,
  Answer,
  ChannelId,
  Command,
  CommandResult,
  InboxState,
  Link,
  MessageId,
  PresenceState,
  ServerProfile,
} from '@skerry/protocol';
import type { AssistantsHandle, FleetAssistants } from './assistants/face.ts';
import type { PersonHandle } from './identity/face.ts';
import type { KeysHandle } from './keys/face.ts';
import type { FleetMachines } from './machines/face.ts';
import type { SealedHandle } from './sealed/face.ts';
import type { Picture } from './servers/picture.ts';
import type { Subscribable } from './subscribable.ts';
import type {
  ChannelView,
  ConnectionEvent,
  ConnectionState,
  EntryAddress,
  EntryId,
  FleetSummary,
  Found,
  Holdings,
  InboxView,
  ProbeResult,
  ProbeStep,
  ServerView,
  StorageProblem,
  TimelineView,
} from './views.ts';

/** How a person gets in. Passwords are handed over only after the server proved its key, and are not kept. */
export type Credentials =
  | {
      readonly kind: 'signIn';
      readonly username: string;
      readonly password: string;
      /** Gives the account the person's key as well, if it has none. */
      readonly withKey?: boolean;
    }
  | {
      readonly kind: 'register';
      readonly username: string;
      readonly password: string;
      readonly displayName: string;
      readonly code: string | null;
    }
  | { readonly kind: 'exchange'; readonly code: string }
  /** By the person's key there: {@link SkerryClient.person} must be ready. */
  | {
      readonly kind: 'registerByKey';
      readonly username: string;
      readonly displayName: string;
      readonly code: string | null;
      /** Besides the key, where wanted. */
      readonly password: string | null;
    }
  | { readonly kind: 'signInByKey' };

/** One channel's messages, windowed. Held while it is looked at; dispose to let it go. */
export interface Timeline extends Disposable {
  readonly view: Subscribable<TimelineView>;
  /** Extends the window by a page; does nothing while one is on its way or none is left. */
  loadOlder(): Promise<void>;
  loadNewer(): Promise<void>;
  /** Makes the window stand around that message; false when it is gone or may not be seen. */
  jumpTo(message: MessageId): Promise<boolean>;
  jumpToNewest(): Promise<void>;
  /** A message that may lie outside the window (the one replied to), from window, storage or server. */
  find(message: MessageId): Promise<TimelineView['messages'][number] | undefined>;
  /** The person has seen everything up to number `n`. */
  markRead(n: number): void;
}

/** Everything the interface does with one server. All of it stays inside that server's context. */
export interface ServerHandle {
  readonly id: EntryId;
  readonly view: Subscribable<ServerView>;
  readonly state: Subscribable<ConnectionState>;
  readonly history: Subscribable<readonly ConnectionEvent[]>;
  readonly profile: Subscribable<ServerProfile | undefined>;
  readonly me: Subscribable<Account | undefined>;
  /** Joined ones and public ones not joined, by name; archived ones included. */
  readonly channels: Subscribable<readonly ChannelView[]>;
  readonly accounts: Subscribable<ReadonlyMap<AccountId, Account>>;
  /** Empty unless live: then everyone else is offline. */
  readonly presence: Subscribable<ReadonlyMap<AccountId, PresenceState>>;
  timeline(channel: ChannelId): Timeline;
  /** Undefined until the server told. */
  members(channel: ChannelId): Subscribable<readonly AccountId[] | undefined>;
  /** Who else is typing there now. */
  typing(channel: ChannelId): Subscribable<readonly AccountId[]>;
  /** Tells the others; at most one notice every few seconds leaves. */
  typed(channel: ChannelId): void;
  draft(channel: ChannelId): Subscribable<string>;
  setDraft(channel: ChannelId, text: string): void;

  /** Written to the send queue before it resolves: from then on it survives a restart and is sent once. */
  send(message: { channel: ChannelId; text: string; replyTo: MessageId | null }): Promise<MessageId>;
  /** Queued like a send. */
  edit(message: MessageId, text: string): Promise<void>;
  delete(message: MessageId): Promise<void>;
  react(message: MessageId, emoji: string, on: boolean): Promise<void>;
  setInbox(message: MessageId, state: InboxState): Promise<void>;
  /**
   * Takes an unsent message back; the text is returned so that it can be edited. What the server may have by now
   * ({@link PendingMessage.mayBeThere}) is deleted there as soon as it can be reached.
   */
  takeBack(pending: MessageId): Promise<string | undefined>;
  /** Tries a parked one again. */
  retry(pending: MessageId): Promise<void>;
  /** Reads everything: sets every joined channel's marker to its head. */
  markAllRead(): Promise<void>;
  /** Queued like a send: without the server it waits until it is back. */
  markRead(channel: ChannelId): Promise<void>;
  /** Everything from the message of that number on counts as unread on this device, until the channel is opened again. */
  markUnread(channel: ChannelId, n: number): Promise<void>;
  /** On this device. @param until Unix milliseconds, null for good, undefined to end it */
  muteChannel(channel: ChannelId, until: number | null | undefined): Promise<void>;

  /** Encrypted conversations of this server. */
  readonly sealed: SealedHandle;
  /** The person's keys, devices and backups on this server. */
  readonly keys: KeysHandle;

  /**
   * Does one command now and waits for its answer; not queued.
   * @throws SkerryError with the server's code, or `unavailable` when not live
   */
  run(command: Command, signal?: AbortSignal): Promise<CommandResult>;
  sessions(signal?: AbortSignal): Promise<Answer<'sessions'>['sessions']>;
  revokeSession(id: string): Promise<void>;
  changePassword(current: string, next: string): Promise<void>;
  invites(signal?: AbortSignal): Promise<Answer<'invites'>['invites']>;
  createInvite(options: {
    expiresInMs: number | null;
    uses: number | null;
  }): Promise<Answer<'createInvite'> & { link: string }>;
  revokeInvite(id: string): Promise<void>;
  /** A link to a message, for whoever is on this server as well. It names the server by address and key, and holds no secret. */
  linkTo(channel: ChannelId, message: MessageId): Promise<string>;
  /** Sets the server's picture. @throws SkerryError `bad_request` what is no PNG, JPEG or WebP; `too_large` */
  setIcon(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  removeIcon(): Promise<void>;
  resetLink(account: AccountId): Promise<{ link: string; expiresAt: number }>;

  /** Assistants of the account on this server; loaded when they are first asked for. */
  assistants(): Promise<AssistantsHandle>;

  /** Signs in again on an entry that is signed out. @throws SkerryError */
  signIn(credentials: Credentials, signal?: AbortSignal): Promise<void>;
  /** Tries at once, whatever the backoff says. */
  tryNow(): void;
  /** Measures what removal would delete. */
  holdings(): Promise<Holdings>;
  /** Keeps everything, closes the connection. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Drops the tokens (telling the server when it can be reached) and wipes or keeps what is stored here. */
  signOut(stored: 'keep' | 'wipe'): Promise<{ readonly toldServer: boolean }>;
  /** Deletes entry, tokens, send queue, drafts and cache of this entry here. The account stays on the server. */
  remove(options: { signOutThere: boolean }): Promise<{ readonly toldServer: boolean }>;
  /** Everything of this entry that is stored here and is not secret, as JSON. */
  export(): Promise<string>;
  update(changes: {
    label?: string | null;
    color?: number | null;
    muted?: boolean;
    /** With `muted`: when it ends; null for good. */
    mutedUntil?: number | null;
    addresses?: readonly EntryAddress[];
  }): Promise<void>;
  /** The person compared the words and accepts the new key. */
  acceptIdentity(seenKey: string): Promise<void>;
  /** Where another key was seen: asks once more who answers, with the remembered key. */
  lookAgain(): void;
}

/** `elsewhere`: another tab of this origin is the live one. */
export type TabState = 'starting' | 'live' | 'elsewhere';

/** The headless client. Everything the interface shows or does goes through it. */
export interface SkerryClient extends AsyncDisposable {
  readonly mode: 'hub' | 'hosted';
  /** The person's master secret on this device: one for all servers. */
  readonly person: PersonHandle;
  readonly tab: Subscribable<TabState>;
  /**
   * Takes over from the other tab, which goes quiet without signing out or sending twice. Resolves when this one is live.
   * @throws SkerryError `unavailable` when the browser does not give it the lock
   */
  useHere(): Promise<void>;
  /** In a tab that is not the live one: gives a link that was opened here to the one that is. */
  handOver(link: string): void;
  /** Told, in the live tab, of links that another tab was opened with. @returns the function that ends it */
  onLink(listener: (link: string) => void): () => void;
  readonly problems: Subscribable<readonly StorageProblem[]>;
  dismissProblem(problem: StorageProblem): void;
  /** In the person's order. */
  readonly servers: Subscribable<readonly ServerView[]>;
  readonly fleet: Subscribable<FleetSummary>;
  readonly inbox: Subscribable<InboxView>;
  /** Assistants over all servers; loaded when they are first asked for. */
  assistants(): Promise<FleetAssistants>;
  /** Machines, runs and asks over all servers; loaded when they are first asked for. */
  machines(): Promise<FleetMachines>;
  /** What the person looks at. */
  readonly focused: Subscribable<EntryId | undefined>;
  focus(id: EntryId | undefined): void;
  /** Whose settings and old links are the default. */
  readonly primary: Subscribable<EntryId | undefined>;
  setPrimary(id: EntryId): Promise<void>;
  server(id: EntryId): ServerHandle | undefined;
  move(id: EntryId, toIndex: number): Promise<void>;
  /**
   * Checks an address, link or invite step by step. Sends nothing but a nonce; stores nothing.
   * @param options.allowPlain the person allowed http beyond this machine for this address
   */
  probe(
    input: string,
    options: { allowPlain: boolean; signal: AbortSignal; onStep: (step: ProbeStep) => void },
  ): Promise<ProbeResult>;
  /**
   * Signs in or registers on a server that was found, and adds its entry. Nothing is stored when it fails.
   * @throws SkerryError with the server's code; `unavailable` when it cannot be reached
   */
  join(found: Found, credentials: Credentials, signal?: AbortSignal): Promise<EntryId>;
  /** The picture of a server that was found, from its own address; undefined when there is none that can be shown. */
  foundIcon(found: Found, signal: AbortSignal): Promise<Picture | undefined>;
  /** Adds an entry for a server that was found without signing in. */
  addSignedOut(found: Found): Promise<EntryId>;
  /** Sets a new password with a reset code; nothing is stored here. @throws SkerryError */
  resetPassword(found: Found, code: string, password: string): Promise<void>;
  /**
   * Which entry a link is about: the one with the key it names, else with its address. Of several the one in view, else the
   * primary, else the first. Asks nobody.
   */
  entryOfLink(link: Link): Promise<EntryId | undefined>;
  /** Reads server lists of earlier products (`echora_servers`, `server_configs`, `server_url`): addresses and labels only. */
  importList(
    text: string,
  ): Promise<readonly { readonly address: string; readonly label: string | null; readonly enabled: boolean }[]>;
  /** Addresses, labels and words of all entries, nothing secret, as JSON that `importList` reads. */
  exportList(): Promise<string>;
  retryAll(): void;
}

export type { EntryId, Found, Holdings, ProbeResult };
