import type {
  AskView,
  EntryId,
  FleetMachines,
  FleetMachinesView,
  MachineView,
  Pairing,
  PairingNoticeView,
  PairingStage,
} from '@skerry/core';
import type { Link } from '@skerry/protocol';
import { value, type TestValue } from './value.svelte.ts';

/** A pairing whose stages a test sets, and that counts what was decided. */
export type PairingStandIn = Pairing & {
  readonly stage: TestValue<PairingStage>;
  readonly link: Link;
  readonly did: string[];
};

/** Machines over all servers as a test wants to see them; what is asked of them is kept in `asked`. */
export class FleetStandIn implements FleetMachines {
  readonly view: TestValue<FleetMachinesView> = value(noMachinesYet());
  readonly asked: { readonly what: string; readonly entry: EntryId; readonly given: unknown }[] = [];
  readonly pairings: PairingStandIn[] = [];
  /** What the next answer fails with. */
  fails: Error | undefined;

  show(part: Partial<FleetMachinesView>): void {
    this.view.set({ ...this.view.get(), ...part });
  }

  /** Changes one ask, which is then among the open or the closed ones. */
  change(key: string, part: Partial<AskView>): void {
    const { asks, closed } = this.view.get();
    const all = [...asks, ...closed].map((ask) => (ask.key === key ? { ...ask, ...part } : ask));
    this.show({
      asks: all.filter(({ state }) => state === 'open'),
      closed: all.filter(({ state }) => state !== 'open'),
    });
  }

  answer(ask: Pick<AskView, 'entryId' | 'id'>, decision: object): Promise<void> {
    this.asked.push({ what: `answer ${ask.id}`, entry: ask.entryId, given: decision });
    return this.fails === undefined ? Promise.resolve() : Promise.reject(this.fails);
  }

  remove({ entry, machine }: { entry: EntryId; machine: number }): Promise<void> {
    this.asked.push({ what: `remove ${machine}`, entry, given: undefined });
    return Promise.resolve();
  }

  dismissNotice({ key }: Pick<PairingNoticeView, 'key'>): void {
    this.show({ notices: this.view.get().notices.filter((one) => one.key !== key) });
  }

  pair(link: Link, entryId: EntryId): Pairing {
    this.asked.push({ what: 'pair', entry: entryId, given: link });
    const did: string[] = [];
    const pairing: PairingStandIn = {
      entryId,
      link,
      did,
      stage: value<PairingStage>({ kind: 'claiming' }),
      approve: () => Promise.resolve(void did.push('approve')),
      deny: (report) => Promise.resolve(void did.push(report ? 'report' : 'deny')),
      [Symbol.asyncDispose]: () => Promise.resolve(void did.push('left')),
    };
    this.pairings.push(pairing);
    return pairing;
  }

  entryOf = unwanted;
  rename = unwanted;
  run = unwanted;
  folders = unwanted;
  start = unwanted;
  erase = unwanted;
  olderRuns = unwanted;
}

/** A machine `studio-mac` on a server called Work that is there now. */
export function machineView(more: Partial<MachineView> = {}): MachineView {
  const [device, entryId] = [more.device ?? 7, more.entryId ?? ('work' as EntryId)];
  return {
    key: `${entryId}/${device}`,
    entryId,
    serverLabel: 'Work',
    device,
    name: 'studio-mac',
    system: 'Darwin 25',
    program: 'skerry 0.1.0',
    online: true,
    lastSeenAt: Date.now(),
    pairedAt: Date.now() - 60_000,
    info: null,
    standing: 'ready',
    ...more,
  };
}

function noMachinesYet(): FleetMachinesView {
  return { parts: [], machines: [], runs: [], asks: [], closed: [], notices: [] };
}

function unwanted(): never {
  throw new Error('nobody should ask for this here');
}
