import { rmSync } from 'node:fs';
import path from 'node:path';
import { type MachineLink, openMachine } from '@skerry/core/machine';
import { createNodePlatform, openSqliteState } from '@skerry/core/node';
import type { AccountId } from '@skerry/protocol';
import { makePrivateFolder } from '../machine/config-folder.ts';
import type { Pairing, Pairings } from '../machine/pairings.ts';
import { replaceFile } from '../machine/secret-store.ts';
import { readJson } from './relay-mark.ts';

/** A link together with what it stands on. */
export type OpenedLink = AsyncDisposable & { readonly link: MachineLink };

/**
 * Opens one pairing's link. What another pairing with the same server has left there is of no use to this one.
 * @throws StartError when its secrets are gone
 */
export async function openLink(pairing: Pairing, folder: string, pairings: Pairings): Promise<OpenedLink> {
  const kept = path.join(folder, 'pairing.json');
  if (readJson<{ pairedAt: number }>(kept)?.pairedAt !== pairing.pairedAt) {
    rmSync(folder, { recursive: true, force: true });
    makePrivateFolder(folder);
    replaceFile(kept, JSON.stringify({ pairedAt: pairing.pairedAt }));
  }
  const secrets = await pairings.secretsOf(pairing);
  const { origin, serverId, serverKey, account, accountKey, list, device, registrationId } = pairing;
  const store = openSqliteState(path.join(folder, 'link.db'));
  try {
    const link = await openMachine({
      platform: createNodePlatform({ storage: folder, deviceLabel: pairing.label }),
      store,
      identity: {
        origin,
        serverId,
        serverKey,
        account: account as AccountId,
        accountKey,
        list,
        device,
        signing: secrets.signing,
        identity: secrets.identity,
        registrationId,
      },
      tokens: { refreshToken: secrets.refreshToken },
      async saveTokens({ refreshToken }) {
        // Whoever logged out in between took them away for good.
        if (pairings.list().some((one) => one.serverId === serverId && one.pairedAt === pairing.pairedAt))
          await pairings.setSecrets(pairing, { ...(await pairings.secretsOf(pairing)), refreshToken });
      },
    });
    return {
      link,
      async [Symbol.asyncDispose]() {
        await link[Symbol.asyncDispose]();
        await store[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}
