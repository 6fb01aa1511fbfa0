import { createHash } from 'node:crypto';
import {
  ASSISTANT_ROUTES,
  LIMITS,
  MACHINE_ROUTES,
  PROTOCOL,
  SkerryError,
  TIMES,
  VOICE_ROUTES,
  type AccountId,
  type Answer,
  type Body,
  type ChannelId,
  type InviteId,
  type Message,
  type MessageId,
  type Page,
  type Params,
  type Query,
  type RouteName,
} from '@skerry/protocol';
import { runCommand } from './commands.ts';
import { proveIdentity, type Identity } from './identity.ts';
import { exchange, isUsable, refresh, register, signIn } from './people.ts';
import type { InviteRow, SessionRow, World } from './world.ts';

export type Asked<N extends RouteName> = { params: Params<N>; query: Query<N>; body: Body<N>; session: SessionRow };
type Answers = { [N in RouteName]: (asked: Asked<N>) => Answer<N> };

const VERSION = '0.0.0-lying';

/** What an honest server answers on each route. `ended` is told of every session that dies. */
export function honestAnswers(world: World, identity: () => Identity, ended: () => void): Answers {
  const about = () => ({
    name: world.profile.name,
    version: VERSION,
    protocol: PROTOCOL,
    serverId: identity().serverId,
  });
  const endAll = (account: AccountId, but?: SessionRow): void => {
    for (const session of world.sessions.values())
      if (session.account === account && session !== but) session.ended = true;
    ended();
  };
  const mayInvite = ({ account }: SessionRow): void => {
    const role = world.accounts.get(account)?.role;
    if (role !== 'owner' && role !== 'admin') throw new SkerryError('forbidden');
  };
  const shown = ({ id, createdBy, createdAt, expiresAt, usesLeft }: InviteRow) => ({
    id,
    code: null,
    createdBy,
    createdAt,
    expiresAt,
    usesLeft,
  });

  return {
    health: () => ({ status: 'ok', app: 'skerry', iconUrl: world.profile.iconUrl, ...about() }),
    info: () => ({
      ...about(),
      key: identity().key,
      words: [...identity().words],
      description: world.profile.description,
      icon_url: world.profile.iconUrl,
      user_count: world.accounts.size,
      operator: null,
      capabilities: [],
      registration: world.profile.registration,
      needsSetup: world.accounts.size === 0,
      serverTime: world.now(),
    }),
    proof: ({ body }) => proveIdentity(identity(), body),
    register: ({ body }) => register(world, body),
    signIn: ({ body }) => signIn(world, body),
    exchange: ({ body }) => exchange(world, body),
    refresh: ({ body }) => refresh(world, body.refreshToken),
    reset: ({ body }) => {
      const found = world.resetCodes.get(body.code);
      const account = found && world.accounts.get(found.account);
      if (found === undefined || account === undefined || found.expiresAt <= world.now())
        throw new SkerryError('code_invalid');
      world.resetCodes.delete(body.code);
      account.password = body.password;
      endAll(account.id);
      return { username: account.username };
    },
    signOut: ({ session }) => {
      session.ended = true;
      ended();
      return {};
    },
    changePassword: ({ body, session }) => {
      const account = world.accounts.get(session.account);
      if (account?.password !== body.current) throw new SkerryError('credentials_wrong', { field: 'current' });
      account.password = body.next;
      endAll(account.id, session);
      return {};
    },
    sessions: ({ session }) => ({
      sessions: [...world.sessions.values()]
        .filter((row) => row.account === session.account && !row.ended)
        .map((row) => ({
          id: row.id,
          device: row.device,
          createdAt: row.createdAt,
          lastSeenAt: row.lastSeenAt,
          current: row === session,
        })),
    }),
    revokeSession: ({ params, session }) => {
      const found = world.sessions.get(params.sessionId);
      if (found?.account !== session.account || found.ended) throw new SkerryError('not_found');
      found.ended = true;
      ended();
      return {};
    },
    resetLink: ({ params, session }) => {
      mayInvite(session);
      if (!world.accounts.has(params.accountId)) throw new SkerryError('not_found');
      const code = world.ids.code();
      const expiresAt = world.now() + TIMES.resetLinkMs;
      world.resetCodes.set(code, { account: params.accountId, expiresAt });
      return { code, expiresAt };
    },
    invites: ({ session }) => {
      mayInvite(session);
      return { invites: [...world.invites.values()].filter((row) => isUsable(world, row)).map(shown) };
    },
    createInvite: ({ body, session }) => {
      mayInvite(session);
      const row: InviteRow = {
        id: world.ids.id<InviteId>(),
        code: world.ids.code(),
        createdBy: session.account,
        createdAt: world.now(),
        expiresAt: body.expiresInMs === null ? null : world.now() + body.expiresInMs,
        usesLeft: body.uses,
      };
      world.invites.set(row.id, row);
      return { ...shown(row), code: row.code };
    },
    revokeInvite: ({ params, session }) => {
      mayInvite(session);
      if (!world.invites.delete(params.inviteId)) throw new SkerryError('not_found');
      return {};
    },
    snapshot: ({ session }) => world.snapshot(session.account),
    messages: ({ params, query, session }) => pageOf(world, session.account, { channel: params.channelId, ...query }),
    message: ({ params, session }) => readable(world, session.account, params.messageId),
    members: ({ params, session }) => {
      if (!world.isMember(session.account, params.channelId)) throw new SkerryError('not_found');
      return { head: world.head(params.channelId), accounts: world.membersOf(params.channelId) };
    },
    command: ({ body, session }) => runCommand(world, session.account, body),
    icon: ({ params }) => {
      const { icon } = world;
      if (icon === undefined || digestOf(icon) !== params.digest) throw new SkerryError('not_found');
      return icon;
    },
    setIcon: ({ body, session }) => {
      mayInvite(session);
      const iconUrl = `/api/server/icon/${digestOf(body)}`;
      world.setIcon(body, iconUrl);
      return { iconUrl };
    },
    removeIcon: ({ session }) => {
      mayInvite(session);
      world.setIcon(undefined, null);
      return {};
    },
    ...WITHOUT_KEYS,
  };
}

/** A server that offers no keys says so on each of these. */
const absent = (): never => {
  throw new SkerryError('not_found');
};
const WITHOUT_KEYS = {
  challenge: absent,
  keyRegister: absent,
  keySignIn: absent,
  addKey: absent,
  bindDevice: absent,
  ownDevices: absent,
  renameDevice: absent,
  publishPrekeys: absent,
  claimPrekeys: absent,
  deviceLists: absent,
  toDevice: absent,
  ackToDevice: absent,
  sealedMessages: absent,
  groupChain: absent,
  putBlob: absent,
  blob: absent,
  putBackup: absent,
  backupInfo: absent,
  backup: absent,
  dropBackup: absent,
  ...(Object.fromEntries(
    Object.keys({ ...ASSISTANT_ROUTES, ...MACHINE_ROUTES, ...VOICE_ROUTES }).map((name) => [name, absent]),
  ) as Record<keyof typeof ASSISTANT_ROUTES | keyof typeof MACHINE_ROUTES | keyof typeof VOICE_ROUTES, typeof absent>),
};

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

function readable(world: World, account: AccountId, id: MessageId): Message {
  const message = world.messages.get(id);
  const interval = message && world.interval(account, message.channel);
  if (message === undefined || interval === undefined || message.n < firstReadable(world, interval))
    throw new SkerryError('not_found');
  return message;
}

function firstReadable(world: World, { channel, fromN }: { channel: ChannelId; fromN: number }): number {
  return world.channels.get(channel)?.history === 'joined' ? fromN : 0;
}

type Wanted = Query<'messages'> & { channel: ChannelId };

function pageOf(world: World, account: AccountId, { channel, before, after, around, limit = 50 }: Wanted): Page {
  const interval = world.interval(account, channel);
  if (interval === undefined) throw new SkerryError('not_found');
  const all = world.messagesOf(channel).filter((message) => message.n >= firstReadable(world, interval));
  const size = Math.max(1, Math.min(limit, LIMITS.page));
  let from = Math.max(0, all.length - size);
  let to = all.length;
  if (after !== undefined) {
    from = all.filter((message) => message.n <= after).length;
    to = Math.min(all.length, from + size);
  } else if (around !== undefined) {
    const middle = all.filter((message) => message.n < around).length;
    from = Math.max(0, Math.min(middle - Math.floor(size / 2), all.length - size));
    to = Math.min(all.length, from + size);
  } else if (before !== undefined) {
    to = all.filter((message) => message.n < before).length;
    from = Math.max(0, to - size);
  }
  return { head: world.head(channel), messages: all.slice(from, to), older: from > 0, newer: to < all.length };
}
