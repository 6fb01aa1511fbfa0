import type {
  Account,
  AccountId,
  Channel,
  ChannelId,
  InboxItem,
  InboxState,
  Message,
  MessageId,
  Role,
  ServerInfo,
  ServerProfile,
} from '@skerry/protocol';
import type { AttachmentView, SealedPart } from './sealed/face.ts';
import type { Picture } from './servers/picture.ts';

/** The client's own id of a server entry, a local UUID: never sent to any server. */
export type EntryId = string & { readonly __id: 'entry' };

/** One way to reach a server. The stored scheme is a floor: https never becomes http. */
export type EntryAddress = { readonly origin: string; readonly note: string | null };

/** The client's own record of (server, account). Holds nothing secret; survives signing out. */
export type ServerEntry = {
  readonly id: EntryId;
  readonly serverId: string;
  /** The pinned Ed25519 key, base64url. */
  readonly key: string;
  readonly words: readonly string[];
  readonly addresses: readonly EntryAddress[];
  /** Null until the first sign-in. */
  readonly account: { readonly id: AccountId; readonly username: string; readonly displayName: string } | null;
  /** The person's own name for it; null shows the server's name, else host:port. */
  readonly label: string | null;
  /** 0 to 7, picks the colour; null derives it from the key. */
  readonly color: number | null;
  readonly muted: boolean;
  /** Unix milliseconds at which muting ends; null or absent for good. */
  readonly mutedUntil?: number | null | undefined;
  readonly enabled: boolean;
  /** What the server last said of itself. */
  readonly name: string | null;
  readonly iconUrl: string | null;
  readonly addedAt: number;
  readonly lastLiveAt: number | null;
};

/** Why a connection ended or could not be made, in words a screen can explain. */
export type Cause =
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'notSkerry' }
  | { readonly kind: 'insecure' }
  | { readonly kind: 'refusedOrigin' }
  | { readonly kind: 'closed'; readonly code: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'restarting' }
  | { readonly kind: 'slow' }
  | { readonly kind: 'rateLimited'; readonly retryAfterMs: number }
  | { readonly kind: 'protocol'; readonly what: string }
  | { readonly kind: 'serverError' };

/** Times are Unix milliseconds of this device's clock. */
export type ConnectionState =
  | { readonly kind: 'disabled' }
  | { readonly kind: 'offline'; readonly since: number }
  | { readonly kind: 'connecting'; readonly attempt: number; readonly since: number }
  | { readonly kind: 'authenticating'; readonly attempt: number; readonly since: number }
  | { readonly kind: 'syncing'; readonly since: number }
  | { readonly kind: 'live'; readonly since: number }
  | {
      readonly kind: 'waiting';
      readonly attempt: number;
      readonly nextAt: number;
      readonly cause: Cause;
      readonly since: number;
    }
  | {
      readonly kind: 'signedOut';
      readonly why: 'never' | 'person' | 'expired' | 'revoked' | 'locked';
      readonly since: number;
    }
  | { readonly kind: 'incompatible'; readonly older: 'client' | 'server'; readonly since: number }
  | {
      readonly kind: 'identityChanged';
      readonly seenKey: string;
      readonly seenWords: readonly string[];
      readonly since: number;
    };

/** S1.11: what a peer with three words would call it. */
export type SimpleState = 'connecting' | 'connected' | 'error';

/** A line of one server's connection history, newest last; the last 50 are kept in memory. */
export type ConnectionEvent = {
  readonly at: number;
  readonly what: ConnectionState['kind'];
  readonly cause: Cause | null;
};

/** One row of the rail, the servers page and the status popover. */
export type ServerView = {
  readonly entry: ServerEntry;
  /** Own label, else the server's name, else host:port. */
  readonly label: string;
  /** host or host:port of the address in use, else of the first one. */
  readonly host: string;
  /** Its own picture, looked at and found to be one; null shows the letter. */
  readonly icon: Picture | null;
  readonly state: ConnectionState;
  /** Milliseconds of the last answered ping; null when not live. */
  readonly latencyMs: number | null;
  readonly attempts: number;
  /** False until there is stored or live state to show. */
  readonly known: boolean;
  readonly unread: boolean;
  /** Open mentions and replies not read yet. */
  readonly mentions: number;
  /** In the send queue: waiting, and refused for good. */
  readonly waiting: number;
  readonly parked: number;
  /** Another entry shows the same name: say the host wherever the name stands alone (T8). */
  readonly ambiguousName: boolean;
};

export type FleetSummary = {
  readonly connected: number;
  /** Enabled entries. */
  readonly total: number;
  readonly deviceOnline: boolean;
  /** Sum over servers that are not muted. */
  readonly mentions: number;
};

export type ChannelView = {
  readonly channel: Channel;
  readonly member: boolean;
  /** Null while not synced: unknown is not zero. */
  readonly unread: number | null;
  /** The person marked something here as unread again. */
  readonly markedUnread: boolean;
  /** On this device, for now or for good. */
  readonly muted: boolean;
  readonly mentions: number;
  readonly lastAt: number;
  readonly hasDraft: boolean;
  /** The other person of a direct conversation. */
  readonly peer?: AccountId;
};

/** `direct`: said in a direct conversation. Rows of encrypted conversations are made on this device. */
export type InboxItemView = Omit<InboxItem, 'reason'> & { readonly reason: InboxItem['reason'] | 'direct' };

export type AccountView = Account;

/** A send that has not come back as a message yet. */
export type PendingMessage = {
  readonly id: MessageId;
  readonly channel: ChannelId;
  readonly text: string;
  readonly replyTo: MessageId | null;
  readonly writtenAt: number;
  readonly state:
    | { readonly kind: 'waiting' }
    | { readonly kind: 'sending' }
    | { readonly kind: 'parked'; readonly code: string; readonly message: string };
  /** Set on a refused edit of that message: it is listed for its text's sake. Its `id` is good for `retry` and `takeBack`. */
  readonly edits: MessageId | null;
  /** It was handed over at least once: taking it back asks the server to delete it as well. */
  readonly mayBeThere?: boolean;
  /** Files that go with it, in an encrypted conversation. */
  readonly attachments?: readonly AttachmentView[];
};

/** A message, with what the person's own unsent edits and reactions already make of it. */
export type TimelineMessage = {
  readonly message: Message;
  readonly pendingEdit: boolean;
  /** In an encrypted conversation: what is wrong with it, its files, or that it is a line and no message. */
  readonly sealed?: SealedPart;
};

export type TimelineView = {
  /** `loading`: nothing to show yet; `stored`: from storage, no server answered since; `fresh`: from the server. */
  readonly status: 'loading' | 'stored' | 'fresh' | 'failed';
  /** One contiguous window, oldest first. */
  readonly messages: readonly TimelineMessage[];
  readonly pending: readonly PendingMessage[];
  readonly older: boolean;
  readonly newer: boolean;
  readonly loadingOlder: boolean;
  readonly loadingNewer: boolean;
  /** Set when the last page could not be loaded. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Device time up to which what is shown was live; null while live. */
  readonly savedUpTo: number | null;
  /** The marker as it was when the channel was opened: where the "New" line stands. */
  readonly newAfter: number | null;
};

export type InboxRow = {
  readonly entryId: EntryId;
  readonly item: InboxItemView;
  readonly serverLabel: string;
  readonly channelName: string;
  readonly authorName: string;
  /** Server time corrected by the measured skew and clamped to arrival. */
  readonly at: number;
  readonly needsYou: boolean;
  /** A change of the person's is on its way. */
  readonly pending: InboxState | null;
};

export type InboxView = {
  /** Over all enabled servers, newest first, ties by (entry, seq). */
  readonly rows: readonly InboxRow[];
  /** Servers whose part is not up to date, with the device time they last were. */
  readonly stale: readonly { readonly entryId: EntryId; readonly label: string; readonly lastAt: number | null }[];
};

/** One step of the ladder shown while an address is checked. */
export type ProbeStep = 'address' | 'reachable' | 'secure' | 'compatible' | 'identity';

export type ProbeFailure =
  | {
      readonly kind: 'address';
      readonly problem: 'empty' | 'not_an_address' | 'has_credentials' | 'has_path' | 'scheme';
    }
  | { readonly kind: 'offline' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'timeout' }
  /** It answers, but not as a Skerry server; `status` is null when the answer was not even readable. */
  | { readonly kind: 'notSkerry'; readonly status: number | null }
  /** Plain http beyond this machine, and the person has not allowed it. */
  | { readonly kind: 'notEncrypted'; readonly origin: string }
  | { readonly kind: 'redirected' }
  | { readonly kind: 'refusedOrigin' }
  | { readonly kind: 'incompatible'; readonly older: 'client' | 'server' }
  /** It could not prove the key it names, or the link named another one. */
  | { readonly kind: 'identity'; readonly why: 'badSignature' | 'otherKey' }
  | { readonly kind: 'serverError'; readonly status: number };

/** A server that answered and proved its key. */
export type Found = {
  readonly origin: string;
  readonly host: string;
  readonly info: ServerInfo;
  readonly words: readonly string[];
  readonly invite: string | null;
  readonly encrypted: boolean;
  readonly international: boolean;
  /** Entries that already name this server. */
  readonly existing: readonly EntryId[];
  /** Another server in the list carries the same name. */
  readonly sameName: boolean;
  /** The link it came from named this very key. */
  readonly matchesLink: boolean;
};

export type ProbeResult =
  | { readonly ok: true; readonly found: Found }
  | { readonly ok: false; readonly step: ProbeStep; readonly failure: ProbeFailure };

/** What removing or signing out would delete here, in numbers. */
export type Holdings = {
  readonly messages: number;
  readonly bytes: number | null;
  readonly drafts: number;
  readonly unsent: number;
};

/** Something on this device that could not be read. It was set aside, never emptied. */
export type StorageProblem = {
  readonly where: 'registry' | 'vault' | 'state' | 'cache';
  readonly entryId: EntryId | null;
  readonly what: 'set_aside' | 'rebuilt' | 'locked' | 'full';
};

export type { InboxState, Role, ServerProfile };
