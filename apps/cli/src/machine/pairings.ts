import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '@skerry/server/command-line';
import { makePrivateFolder } from './config-folder.ts';
import type { MachineSecrets } from './machine-keys.ts';
import { readServer } from './server-calls.ts';
import { fileSecrets, keychain, replaceFile, type SecretPlace, type SecretStore } from './secret-store.ts';

/** What this computer is on one server. Nothing of it is secret. */
export type Pairing = {
  readonly v: 1;
  readonly origin: string;
  readonly serverId: string;
  /** The server's key, pinned. */
  readonly serverKey: string;
  readonly account: string;
  readonly username: string;
  /** What signs this person's lists of devices, as the approving device said. */
  readonly accountKey: string;
  readonly list: { readonly version: number; readonly digest: string };
  /** This machine's number among the person's devices. */
  readonly device: number;
  readonly label: string;
  readonly signKey: string;
  readonly identityKey: string;
  readonly registrationId: number;
  readonly pairedAt: number;
  readonly secrets: SecretPlace;
};

const NAME = /^[\w-]{1,64}$/;

/** The servers this computer is a machine of, one account each. */
export class Pairings {
  readonly #folder: string;
  readonly #file: SecretStore;

  constructor(config: string) {
    this.#folder = path.join(config, 'servers');
    this.#file = fileSecrets(this.#folder);
  }

  list(): readonly Pairing[] {
    return names(this.#folder).map(
      (name) => JSON.parse(readFileSync(path.join(this.#folder, name), 'utf8')) as Pairing,
    );
  }

  /**
   * The pairing with a server that a person names by its address, or by a link to it.
   * @throws ConfigError, StartError when there is none
   */
  at(given: string): Pairing {
    const { origin } = readServer(given);
    const found = this.list().find((pairing) => pairing.origin === origin);
    if (found === undefined)
      throw new StartError(`This computer is not paired with ${origin}. See: skerry pair --help`);
    return found;
  }

  /**
   * Keeps a pairing, in the keychain what is secret of it if there is one. The secret is there before what names it.
   * @param place where the person wants it; `auto` takes the keychain if there is one
   * @throws StartError when there is no keychain although it is wanted
   */
  async add(pairing: Omit<Pairing, 'secrets'>, secrets: MachineSecrets, place: SecretPlace | 'auto'): Promise<Pairing> {
    if (!NAME.test(pairing.serverId)) throw new StartError('The server has a name that cannot be kept.');
    const store = place === 'file' ? this.#file : ((await keychain()) ?? this.#file);
    if (place === 'keychain' && store.place !== 'keychain')
      throw new StartError('There is no keychain here that lasts.');
    store.write(pairing.serverId, JSON.stringify(secrets));
    const kept: Pairing = { ...pairing, secrets: store.place };
    replaceFile(path.join(makePrivateFolder(this.#folder), `${pairing.serverId}.json`), `${JSON.stringify(kept)}\n`);
    return kept;
  }

  /** @throws StartError when the secret is gone */
  async secretsOf({ serverId, secrets: place }: Pairing): Promise<MachineSecrets> {
    const text = (await this.#store(place)).read(serverId);
    if (text === null)
      throw new StartError(`The secret for ${serverId} is no longer in the ${place}. Pair this computer again.`);
    return JSON.parse(text) as MachineSecrets;
  }

  async setSecrets({ serverId, secrets: place }: Pairing, secrets: MachineSecrets): Promise<void> {
    (await this.#store(place)).write(serverId, JSON.stringify(secrets));
  }

  async remove({ serverId, secrets: place }: Pairing): Promise<void> {
    rmSync(path.join(this.#folder, `${serverId}.json`), { force: true });
    (await this.#store(place)).remove(serverId);
  }

  async #store(place: SecretPlace): Promise<SecretStore> {
    if (place === 'file') return this.#file;
    const store = await keychain();
    if (store === null) throw new StartError('The keychain does not open.');
    return store;
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}
