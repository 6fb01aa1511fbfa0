import { LocalError } from '../errors.ts';
import type { Subscribable } from '../subscribable.ts';
import { constant, followed } from '../value.ts';
import type { PersonHandle, PersonState } from './face.ts';
import type { LatePerson } from './late-person.ts';
import type { Person } from './person.ts';

/** The interface's side of the person: there from the start, also while another tab is the live one. */
export function personHandle(open: Subscribable<{ readonly person: LatePerson } | undefined>): PersonHandle {
  const now = (): LatePerson => {
    const { person } = open.get() ?? {};
    if (person === undefined) throw new LocalError('unavailable', 'Skerry is open in another tab.');
    return person;
  };
  const use = async (): Promise<Person> => now().use();
  return {
    state: followed(open, (opened) => opened?.person.state ?? LOADING),
    create: async () => (await use()).create(),
    words: async () => (await use()).words(),
    checkWords: async (asked) => (await use()).checkWords(asked),
    enterWords: async (text) => (await use()).enterWords(text),
    setPassphrase: async (passphrase, run) => (await use()).setPassphrase(passphrase, run),
    removePassphrase: async () => (await use()).removePassphrase(),
    unlock: async (passphrase, run) => (await use()).unlock(passphrase, run),
    lock: async () => (await use()).lock(),
    forgetting: () => now().forgetting(),
    forget: async () => (await use()).forget(),
    startLinking: async () => (await use()).startLinking(),
    stopLinking: async () => (await use()).stopLinking(),
    acceptOffered: async () => (await use()).acceptOffered(),
    refuseOffered: async () => (await use()).refuseOffered(),
    get handedServers() {
      return open.get()?.person.handedServers ?? null;
    },
  };
}

const LOADING = constant<PersonState>({ kind: 'loading' });
