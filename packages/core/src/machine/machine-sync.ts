import { type AccountId, type Ask, type DownOf, machinesItem } from '@skerry/protocol';
import type { EntrySync } from '../sync/entry-sync.ts';

export type MachineSyncDeps = {
  readonly account: AccountId;
  readonly device: number;
  readonly now: () => number;
  /** Milliseconds that the server's clock is ahead. */
  readonly skew: (ms: number) => void;
  /** Brings up to date whatever happened while away. Rejects when the server can't be asked. */
  readonly catchUp: (signal: AbortSignal) => Promise<void>;
  readonly ask: (ask: Ask) => void;
  /** The account's list of devices has reached this version. */
  readonly list: (version: number) => void;
  /** Few one-time prekeys are left. */
  readonly prekeys: () => void;
};

/**
 * What a machine keeps of its account: nothing. So it never resumes; each connection reads once what stands open, and follows
 * the events from then on, of which it may hear some twice.
 */
export function machineSync(deps: MachineSyncDeps): EntrySync {
  const nothing = (): void => undefined;
  return {
    resumeFrom: () => null,
    welcomed: (_link, { serverTime }) => deps.skew(serverTime - deps.now()),
    events: (frame) => frame.events.forEach((event) => heard(event, deps)),
    synced: deps.catchUp,
    prekeys: deps.prekeys,
    reset: nothing,
    mark: nothing,
    answered: nothing,
    presence: nothing,
    typing: nothing,
    toDevice: nothing,
    unlinked: nothing,
  };
}

function heard(event: DownOf<'events'>['events'][number], deps: MachineSyncDeps): void {
  if (event.kind === 'account') {
    if (event.account.id === deps.account && event.account.devices !== undefined) deps.list(event.account.devices);
  } else if (event.kind === 'machines') {
    const { data } = machinesItem.safeParse(event.item);
    if (data?.kind === 'ask' && data.ask.machine === deps.device) deps.ask(data.ask);
  }
}
