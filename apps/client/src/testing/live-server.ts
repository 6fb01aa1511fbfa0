import type { Account, AccountId, ChannelId, Command, CommandId, MessageId } from '@skerry/protocol';
import { createClient, type ServerHandle, type SkerryClient } from '@skerry/core';
import { FakeServer, memoryPlatform, settle, type MemoryPlatform } from '@skerry/core/testing';

const ORIGIN = 'https://harbour.example';
const PASSWORD = 'correct horse';

/** The real core, signed in as Anna to a server in memory where Bob is as well; both are in #general. */
export type LiveServer = {
  readonly platform: MemoryPlatform;
  readonly client: SkerryClient;
  readonly handle: ServerHandle;
  readonly server: FakeServer;
  readonly anna: AccountId;
  readonly bob: AccountId;
  readonly general: ChannelId;
  /** Does a command as one of them, as from another device, and lets it arrive. */
  readonly as: (account: AccountId, command: Command) => Promise<MessageId>;
  readonly accountOf: (id: AccountId) => Account;
  /** The server goes away, or comes back. */
  readonly setReachable: (reachable: boolean) => Promise<void>;
};

/** One more server in the list of the same client, with an account of Anna's there; it is called as its host begins. */
export async function joinAnother(
  { client, platform }: Pick<LiveServer, 'client' | 'platform'>,
  origin: string,
): Promise<{ readonly handle: ServerHandle; readonly server: FakeServer; readonly anna: AccountId }> {
  const server = new FakeServer(origin, { now: () => platform.clock.now() });
  platform.network.serve(origin, server);
  const anna = server.person('anna');
  const handle = await join(client, origin);
  await handle.update({ label: new URL(origin).hostname.split('.')[0] ?? '' });
  return { handle, server, anna };
}

async function join(client: SkerryClient, origin: string): Promise<ServerHandle> {
  const result = await client.probe(origin, {
    allowPlain: false,
    signal: new AbortController().signal,
    onStep: () => undefined,
  });
  if (!result.ok) throw new Error(`the server in memory was not found: ${result.step}`);
  const id = await client.join(result.found, { kind: 'signIn', username: 'anna', password: PASSWORD });
  await settle();
  const handle = client.server(id);
  if (handle === undefined) throw new Error('the server that was joined is not there');
  return handle;
}

export async function liveServer(): Promise<LiveServer> {
  const platform = memoryPlatform();
  const server = new FakeServer(ORIGIN, { now: () => platform.clock.now() });
  platform.network.serve(ORIGIN, server);
  const anna = server.person('anna');
  const bob = server.person('bob');
  const general = server.model.id<ChannelId>();
  server.model.run(bob, general as string as CommandId, {
    kind: 'channel.create',
    name: 'general',
    topic: 'Everything',
    visibility: 'public',
    history: 'all',
  });
  server.model.run(anna, server.model.id(), { kind: 'channel.join', channel: general });

  const client = await createClient(platform, { mode: 'hub' });
  const handle = await join(client, ORIGIN);
  return {
    platform,
    client,
    handle,
    server,
    anna,
    bob,
    general,
    as: async (account, command) => {
      const commandId = server.model.id<CommandId>();
      server.model.run(account, commandId, command);
      await settle();
      return commandId as string as MessageId;
    },
    accountOf: (account) => {
      const known = handle.accounts.get().get(account);
      if (known === undefined) throw new Error('nobody of that id');
      return known;
    },
    setReachable: async (reachable) => {
      server.lies.refuseUpgrade = !reachable;
      if (!reachable) server.closeAll(1001);
      else handle.tryNow();
      await settle();
    },
  };
}
