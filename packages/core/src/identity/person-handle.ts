import { LocalError } from '../errors.ts';
import type { Subscribable } from '../subscribable.ts';
import { constant, followed } from '../value.ts';
import type { PersonHandle, PersonState } from './face.ts';

/** The interface's side of the person: there from the start, also while another tab is the live one. */
export function personHandle(open: Subscribable<{ readonly person: PersonHandle } | undefined>): PersonHandle {
  const now = (): PersonHandle => {
    const { person } = open.get() ?? {};
    if (person === undefined) throw new LocalError('unavailable', 'Skerry is open in another tab.');
    return person;
  };
  return {
    state: followed(open, (opened) => opened?.person.state ?? LOADING),
    create: async () => now().create(),
    words: async () => now().words(),
    checkWords: async (asked) => now().checkWords(asked),
    enterWords: async (text) => now().enterWords(text),
    setPassphrase: async (passphrase, run) => now().setPassphrase(passphrase, run),
    removePassphrase: async () => now().removePassphrase(),
    unlock: async (passphrase, run) => now().unlock(passphrase, run),
    lock: async () => now().lock(),
    forgetting: () => now().forgetting(),
    forget: async () => now().forget(),
    startLinking: async () => now().startLinking(),
    stopLinking: async () => now().stopLinking(),
    acceptOffered: async () => now().acceptOffered(),
    refuseOffered: async () => now().refuseOffered(),
    get handedServers() {
      return open.get()?.person.handedServers ?? null;
    },
  };
}

const LOADING = constant<PersonState>({ kind: 'loading' });
