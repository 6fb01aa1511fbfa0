import {
  SkerryError,
  TIMES,
  type AccountId,
  type Body,
  type ChannelId,
  type Role,
  type SessionId,
  type SignedIn,
} from '@skerry/protocol';
import { accountChanged, join, makeChannel } from './commands.ts';
import { publicAccount, type AccountRow, type SessionRow, type World } from './world.ts';

export type NewPerson = { username: string; password: string; displayName: string; role: Role };

/** Makes an account, in every channel that newcomers join; the first one comes with the first channel. */
function addAccount(world: World, person: NewPerson): AccountRow {
  if ([...world.accounts.values()].some((row) => row.username === person.username))
    throw new SkerryError('name_taken', { field: 'username' });
  const account: AccountRow = {
    ...person,
    id: world.ids.id<AccountId>(),
    disabled: false,
    createdAt: world.now(),
    rev: 0,
  };
  world.accounts.set(account.id, account);
  accountChanged(world, account);
  if (world.channels.size === 0)
    makeChannel(world, {
      id: world.ids.id<ChannelId>(),
      name: 'general',
      topic: '',
      visibility: 'public',
      history: 'all',
      createdBy: account.id,
      isDefault: true,
    });
  else
    for (const channel of world.channels.values())
      if (channel.isDefault && channel.visibility === 'public' && !channel.archived)
        join(world, account.id, channel.id);
  return account;
}

export function register(world: World, wanted: Body<'register'>): SignedIn {
  const { username, password, displayName, device, code } = wanted;
  const first = world.accounts.size === 0;
  if (first && code !== world.setupCode) throw new SkerryError('code_invalid', { field: 'code' });
  const mode = first ? 'open' : world.profile.registration;
  if (mode === 'closed') throw new SkerryError('registration_closed');
  if (mode === 'invite' && code === null) throw new SkerryError('invite_required', { field: 'code' });
  const invite =
    mode === 'invite'
      ? [...world.invites.values()].find((row) => row.code === code && isUsable(world, row))
      : undefined;
  if (mode === 'invite' && invite === undefined) throw new SkerryError('code_invalid', { field: 'code' });
  const account = addAccount(world, { username, password, displayName, role: first ? 'owner' : 'member' });
  if (first) world.setupCode = null;
  if (invite?.usesLeft != null) invite.usesLeft -= 1;
  world.commit();
  return startSession(world, account, device);
}

export function isUsable(world: World, invite: { expiresAt: number | null; usesLeft: number | null }): boolean {
  return (
    (invite.expiresAt === null || invite.expiresAt > world.now()) && (invite.usesLeft === null || invite.usesLeft > 0)
  );
}

export function signIn(world: World, { username, password, device }: Body<'signIn'>): SignedIn {
  const account = [...world.accounts.values()].find((row) => row.username === username);
  if (account === undefined || account.disabled || account.password !== password)
    throw new SkerryError('credentials_wrong');
  return startSession(world, account, device);
}

export function exchange(world: World, { code, device }: Body<'exchange'>): SignedIn {
  const account = world.accounts.get(world.exchangeCodes.get(code) ?? ('' as AccountId));
  if (account === undefined) throw new SkerryError('code_invalid');
  world.exchangeCodes.delete(code);
  return startSession(world, account, device);
}

export function refresh(world: World, refreshToken: string): SignedIn {
  const session = [...world.sessions.values()].find((row) => row.refreshTokens.includes(refreshToken));
  if (session === undefined) throw new SkerryError('unauthorized');
  if (session.ended) throw new SkerryError('session_revoked');
  const age = session.refreshTokens.length - 1 - session.refreshTokens.indexOf(refreshToken);
  if (age === 0) session.refreshTokens.push(world.ids.token());
  if (age > 1) {
    // Its successor was used already: somebody else holds a copy.
    session.ended = true;
    throw new SkerryError('session_revoked');
  }
  return tokensOf(world, session);
}

export function startSession(world: World, account: AccountRow, device: string): SignedIn {
  const session: SessionRow = {
    id: world.ids.id<SessionId>(),
    account: account.id,
    device,
    createdAt: world.now(),
    lastSeenAt: world.now(),
    refreshTokens: [world.ids.token()],
    ended: false,
  };
  world.sessions.set(session.id, session);
  return tokensOf(world, session);
}

/** @throws SkerryError `unauthorized`, `session_revoked` */
export function whoHolds(world: World, token: string | undefined): SessionRow {
  const found = token === undefined ? undefined : world.tokens.get(token);
  const session = found && world.sessions.get(found.session);
  if (found === undefined || session === undefined || found.expiresAt <= world.now())
    throw new SkerryError('unauthorized');
  if (session.ended) throw new SkerryError('session_revoked');
  session.lastSeenAt = world.now();
  return session;
}

function tokensOf(world: World, session: SessionRow): SignedIn {
  const account = world.accounts.get(session.account);
  if (account === undefined) throw new SkerryError('unauthorized');
  const accessToken = world.ids.token();
  world.tokens.set(accessToken, { session: session.id, expiresAt: world.now() + TIMES.accessTokenMs });
  return {
    account: publicAccount(account),
    sessionId: session.id,
    accessToken,
    accessExpiresIn: TIMES.accessTokenMs,
    refreshToken: session.refreshTokens.at(-1) ?? '',
  };
}
