import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { SkerryError } from '@skerry/protocol';
import { makePrivateFolder } from '../machine/config-folder.ts';
import { type Pairing, Pairings } from '../machine/pairings.ts';
import { replaceFile, type SecretPlace } from '../machine/secret-store.ts';
import { readServer, ServerCalls } from '../machine/server-calls.ts';
import { type Paired, type PendingPairing, redeem } from './pairing-request.ts';

type Kept = PendingPairing & { readonly place: SecretPlace | 'auto' };

const folderOf = (config: string): string => path.join(config, 'servers');
const fileOf = (config: string, serverId: string): string => path.join(folderOf(config), `${serverId}.pending`);

/** Puts on the disk what fetches a token, readable by nobody else. */
export function keepPending(config: string, pending: Kept): void {
  makePrivateFolder(folderOf(config));
  replaceFile(fileOf(config, pending.pin.serverId), JSON.stringify(pending));
}

export function forgetPending(config: string, serverId: string): void {
  rmSync(fileOf(config, serverId), { force: true });
}

/** Keeps a pairing whose token is here, and forgets what fetched it. */
export async function storePaired(
  config: string,
  pending: Kept,
  { answer, token, username }: Paired,
): Promise<Pairing> {
  const { pin, origin, signing, identity, registrationId, place } = pending;
  const kept = await new Pairings(config).add(
    {
      v: 1,
      origin,
      serverId: pin.serverId,
      serverKey: pin.key,
      account: token.account,
      username,
      accountKey: answer.accountKey,
      list: answer.list,
      device: token.device,
      label: answer.label,
      signKey: signing.publicKey,
      identityKey: identity.publicKey,
      registrationId,
      pairedAt: Date.now(),
    },
    { signing: signing.secret, identity: identity.secret, refreshToken: token.refreshToken },
    place,
  );
  forgetPending(config, pin.serverId);
  return kept;
}

/**
 * Finishes pairings that were cut off between the token's leaving its server and its being kept here.
 * @returns a sentence for each that was found
 */
export async function finishPairings(config: string): Promise<readonly string[]> {
  const said: string[] = [];
  for (const pending of pendings(config)) {
    const { origin, pin, username, machine } = pending;
    try {
      // A pairing that was kept before its file went needs nothing.
      if (!new Pairings(config).list().some(({ serverId }) => serverId === pin.serverId)) {
        const server = new ServerCalls(readServer(origin));
        await server.prove(pin);
        await storePaired(config, pending, await redeem(server, pending));
        said.push(`The pairing with ${origin} was cut off, and is finished now: machine ${machine} of ${username}.`);
      }
      forgetPending(config, pin.serverId);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const isOver = error instanceof SkerryError && error.code === 'code_invalid';
      if (isOver) forgetPending(config, pin.serverId);
      said.push(
        isOver
          ? `The pairing with ${origin} was cut off and its time is over. Take machine ${machine} off your devices there, and pair again.`
          : `The pairing with ${origin} was cut off and could not be finished: ${error.message}`,
      );
    }
  }
  return said;
}

function pendings(config: string): readonly Kept[] {
  let names: readonly string[];
  try {
    names = readdirSync(folderOf(config)).filter((name) => name.endsWith('.pending'));
  } catch {
    return [];
  }
  return names.map((name) => JSON.parse(readFileSync(path.join(folderOf(config), name), 'utf8')) as Kept);
}
