import { LocalError } from '../errors.ts';
import type { Subscribable } from '../subscribable.ts';
import { constant, derived, followed, waitFor } from '../value.ts';
import type { SealedHandle, SealedState, Upload } from './face.ts';

/** What there is of encrypted conversations once keys are loaded. */
export type SealedCore = Omit<SealedHandle, 'state'>;

const NOTHING = constant(undefined);
const TOLD = constant(true);

/** The interface's side of encrypted conversations: there from the start, while what it leads to is loaded when needed. */
export function sealedHandle(
  state: Subscribable<SealedState>,
  core: Subscribable<SealedCore | undefined>,
): SealedHandle {
  const both = derived([state, core], (now, loaded) => ({ state: now, core: loaded }));
  const ready = async (): Promise<SealedCore> => {
    const { core: loaded } = await waitFor(both, (now) => now.core !== undefined || now.state !== 'loading');
    if (loaded === undefined) throw unavailable();
    return loaded;
  };
  const now = (): SealedCore => {
    const loaded = core.get();
    if (loaded === undefined) throw unavailable();
    return loaded;
  };
  return {
    state,
    conversation: (channel) => followed(core, (loaded) => loaded?.conversation(channel) ?? NOTHING),
    startDirect: async (account) => (await ready()).startDirect(account),
    createGroup: async (group) => (await ready()).createGroup(group),
    addMembers: async (channel, accounts) => (await ready()).addMembers(channel, accounts),
    removeMember: async (channel, account) => (await ready()).removeMember(channel, account),
    leaveGroup: async (channel) => (await ready()).leaveGroup(channel),
    renameGroup: async (channel, name) => (await ready()).renameGroup(channel, name),
    safetyNumber: async (account) => (await ready()).safetyNumber(account),
    compareScanned: async (account, scanned) => (await ready()).compareScanned(account, scanned),
    markVerified: async (account, verified) => (await ready()).markVerified(account, verified),
    acceptKeys: async (account) => (await ready()).acceptKeys(account),
    attach: (channel, file): Upload => now().attach(channel, file),
    send: async (message) => (await ready()).send(message),
    open: async (message, blob, options) => (await ready()).open(message, blob, options),
    search: async (channel, words, before) => (await ready()).search(channel, words, before),
    receipts: followed(core, (loaded) => loaded?.receipts ?? TOLD),
    setReceipts: async (on) => (await ready()).setReceipts(on),
  };
}

function unavailable(): LocalError {
  return new LocalError('unavailable', 'Encrypted conversations are not set up on this device.');
}
