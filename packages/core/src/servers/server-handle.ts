import { type Command, type CommandId, uuidv7 } from '@skerry/protocol';
import { eitherSignal } from '../abort.ts';
import type { ServerHandle } from '../face.ts';
import { lazily } from '../lazily.ts';
import type { Platform } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import type { Entry } from '../sync/entry.ts';
import { sealedHandle } from '../sealed/handle.ts';
import { followed } from '../value.ts';
import type { ServerView } from '../views.ts';
import type { AccountCalls } from './account-calls.ts';
import type { ServerContext } from './context.ts';

/** What the interface may do with one server: every verb goes to the context of exactly that server. */
export function serverHandle(context: ServerContext, platform: Platform, view: Subscribable<ServerView>): ServerHandle {
  const { connection, kept } = context;
  const now = (): Entry => kept.get();
  const follow = <T>(pick: (entry: Entry) => Subscribable<T>): Subscribable<T> => followed(kept, pick);
  const within = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? context.signal : eitherSignal(signal, context.signal);
  // What is asked for in settings only is loaded with the first of it.
  const account = async (): Promise<AccountCalls> => (await import('./account-calls.ts')).accountCalls(context, within);
  const { api, signal: end } = context;
  return {
    id: context.id,
    view,
    state: connection.state,
    history: connection.history,

    profile: follow((entry) => entry.profile),
    me: follow((entry) => entry.me),
    channels: follow((entry) => entry.channels),
    accounts: follow((entry) => entry.accounts),
    presence: follow((entry) => entry.presence),
    timeline: (channel) => now().timeline(channel),
    members: (channel) => follow((entry) => entry.members(channel)),
    typing: (channel) => follow((entry) => entry.typing(channel)),
    typed: (channel) => now().typed(channel),
    draft: (channel) => follow((entry) => entry.draft(channel)),
    setDraft: (channel, text) => now().setDraft(channel, text),

    send: (message) => now().send(message),
    edit: (message, text) => now().edit(message, text),
    delete: (message) => now().delete(message),
    react: (message, emoji, on) => now().react(message, emoji, on),
    setInbox: (message, state) => now().setInbox(message, state),
    takeBack: (pending) => now().takeBack(pending),
    retry: (pending) => now().retry(pending),
    markAllRead: () => now().markAllRead(),
    markRead: (channel) => now().markRead(channel),
    markUnread: (channel, n) => now().markUnread(channel, n),
    muteChannel: (channel, until) => now().muteChannel(channel, until),
    holdings: () => now().holdings(),

    sealed: sealedHandle(context.keys.conversations.state, context.keys.conversations.core),

    keys: context.keys,
    run: (command: Command, signal?: AbortSignal) => {
      const id = uuidv7<CommandId>(platform.clock.now(), platform.random.bytes(10));
      return context.requests.run(id, command, within(signal));
    },
    sessions: async (signal) => (await account()).sessions(signal),
    revokeSession: async (id) => (await account()).revokeSession(id),
    changePassword: async (current, next) => (await account()).changePassword(current, next),
    invites: async (signal) => (await account()).invites(signal),
    createInvite: async (invite) => (await account()).createInvite(invite),
    revokeInvite: async (id) => (await account()).revokeInvite(id),
    linkTo: (channel, message) => context.link({ kind: 'open', channel, message }),
    setIcon: async (bytes) => (await account()).setIcon(bytes),
    removeIcon: async () => (await account()).removeIcon(),
    resetLink: async (of) => (await account()).resetLink(of),

    assistants: lazily(async () => {
      const { Assistants } = await import('../assistants/assistants.ts');
      return new Assistants({ api, clock: platform.clock, state: connection.state, signal: end });
    }),

    signIn: (credentials, signal) => context.signIn(credentials, within(signal)),
    tryNow: () => connection.tryNow(),
    pause: () => context.pause(),
    resume: () => context.resume(),
    signOut: async (stored) => ({ toldServer: await context.signOut(stored) }),
    remove: async ({ signOutThere }) => ({ toldServer: await context.remove(signOutThere) }),
    export: async () =>
      JSON.stringify(
        {
          skerry: 'entry',
          version: 1,
          entry: context.entry.get(),
          stored: JSON.parse(await now().export()) as unknown,
        },
        null,
        2,
      ),
    update: (changes) => context.update(changes),
    acceptIdentity: (seenKey) => context.acceptIdentity(seenKey),
    lookAgain: () => context.lookAgain(),
  };
}
