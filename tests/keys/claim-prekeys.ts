import { parts } from '@skerry/server';
import type { Answer, Command, RouteName } from '@skerry/protocol';
import path from 'node:path';
import { expect } from 'vitest';
import { call, callLoosely, newId } from '../harness/raw-client.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';

const { KeyedAccount, openDriver, prekeys } = parts;

const KEYS = 100;

/** The spawned server as the accounts of a test ask it. */
function keyServer(server: SpawnedServer, serverId: string): parts.KeyServer {
  return {
    running: { serverId, url: server.origin, setupCode: server.setupCode },
    ask: <N extends RouteName>(name: N, asked = {}) => call(server.origin, name, asked),
    async run({ accessToken: token }, command: Command) {
      const asked = { token, body: { id: newId(), command } };
      const { status, body } = await callLoosely(server.origin, 'command', asked);
      const { error } = body as { error?: { code: string } };
      return { status, code: error?.code, body: body as Answer<'command'> };
    },
  };
}

type Claimed = { readonly id: number | null };

/** As many at once as there are claims to make; `undefined` for one that got no answer. */
async function claimAll(
  server: SpawnedServer,
  by: readonly { readonly accessToken: string }[],
  { account, claims }: { account: string; claims: number },
): Promise<(Claimed | undefined)[]> {
  const one = async (i: number): Promise<Claimed | undefined> => {
    const token = by[i % by.length]?.accessToken ?? '';
    const bundle = await call(server.origin, 'claimPrekeys', { token, body: { account, device: 1 } }).catch(
      () => undefined,
    );
    return bundle && { id: bundle.preKey?.id ?? null };
  };
  return Promise.all(Array.from({ length: claims }, (_, i) => one(i)));
}

export type ClaimRun = {
  /** How many claim at once. */
  readonly claims: number;
  /** Where the server kills itself meanwhile, or not at all. */
  readonly killAt: string | null;
};

/**
 * Many claim the hundred prekeys of one device at once; the server may die over it, and the device publishes them again.
 * Expects that each is handed out once, and that whoever gets none gets a bundle without one.
 */
export async function runClaims({ claims, killAt }: ClaimRun): Promise<void> {
  await using server = await SpawnedServer.start({ args: ['--client', 'none'] });
  const { serverId } = await call(server.origin, 'info');
  const keys = keyServer(server, serverId);
  const ben = await KeyedAccount.create(keys, 'ben', 0);
  const claimers = [];
  for (const name of ['ada', 'cat', 'dan', 'eve']) claimers.push(await KeyedAccount.create(keys, name));
  const upload = prekeys(KEYS);
  await call(server.origin, 'publishPrekeys', { token: ben.accessToken, body: upload });
  if (killAt !== null) {
    await server.stop();
    await server.start({ SKERRY_KILL_AT: killAt });
  }
  const first = await claimAll(server, claimers, { account: ben.id, claims });
  if (killAt !== null) {
    await server.exited;
    await server.start();
    // As a device does that does not know whether its last upload arrived: nothing handed out comes back by it.
    await call(server.origin, 'publishPrekeys', { token: ben.accessToken, body: upload });
  }
  const lost = first.filter((claimed) => claimed === undefined).length;
  const second = await claimAll(server, claimers, { account: ben.id, claims: lost });
  await server.stop();

  const answered = [...first, ...second].filter((claimed) => claimed !== undefined);
  expect(answered).toHaveLength(claims);
  expect(lost > 0).toBe(killAt !== null);
  const ids = answered.map(({ id }) => id).filter((id) => id !== null);
  expect(new Set(ids).size, 'none twice').toBe(ids.length);
  const driver = await openDriver(path.join(server.data, 'skerry.db'), 'read');
  const claimed = driver
    .prepare('SELECT id FROM prekeys WHERE account_id = ? AND device = 1 AND claimed_at IS NOT NULL ORDER BY id')
    .all([ben.id])
    .map(([id]) => id);
  driver.close();
  // Each is spent: most with their one claimer, a few in an answer that the kill swallowed.
  expect(claimed).toEqual(upload.preKeys.map(({ id }) => id));
  expect(claimed).toEqual(expect.arrayContaining(ids));
  expect(ids.length).toBeGreaterThanOrEqual(KEYS - lost);
  if (killAt === null) expect(ids).toHaveLength(KEYS);
}
