import type { Ask, Machine, Run } from '@skerry/protocol';
import type { OwnDeviceView } from '../keys/face.ts';
import type { EntryId } from '../views.ts';
import type { AnswerProgress, AskView, MachinesPart, MachineView, PairingNoticeView, RunView } from './face.ts';
import type { Heard } from './heard.ts';
import type { Reader } from './reader.ts';

/** What one server adds to the view of all. */
export type ServerPart = {
  readonly part: MachinesPart;
  readonly machines: readonly MachineView[];
  readonly runs: readonly RunView[];
  readonly asks: readonly AskView[];
  readonly closed: readonly AskView[];
  readonly notices: readonly PairingNoticeView[];
};

/** What views of one server are made with. */
export type Scene = {
  readonly entryId: EntryId;
  readonly label: string;
  readonly part: MachinesPart;
  readonly isLive: boolean;
  readonly online: ReadonlySet<number>;
  /** Server time minus device time. */
  readonly skew: number;
  /** Machines that the newest signed list names. */
  readonly listed: ReadonlySet<number>;
  /** The number of this device; null without keys. */
  readonly self: number | null;
  readonly devices: readonly OwnDeviceView[];
  readonly reader: Reader;
  readonly head: (run: string) => number;
  readonly asks: ReadonlyMap<string, Ask>;
  readonly machine: (device: number) => Machine | undefined;
  readonly progress: (ask: string) => AnswerProgress;
};

export function partView(scene: Scene, heard: Heard): ServerPart {
  const { part } = scene;
  if (part.state === 'off') return { part, machines: [], runs: [], asks: [], closed: [], notices: [] };
  const open = new Map<string, number>();
  for (const { run, state } of heard.asks.values()) if (state === 'open') open.set(run, (open.get(run) ?? 0) + 1);
  const asks = [...heard.asks.values()].map((ask) => askView(scene, ask, heard.runs.get(ask.run)));
  return {
    part,
    machines: [...heard.machines.values()].filter(({ removed }) => !removed).map((one) => machineView(scene, one)),
    runs: [...heard.runs.values()].map((run) => runView(scene, run, open.get(run.id) ?? 0)),
    asks: asks.filter(({ state }) => state === 'open'),
    closed: asks.filter(({ state }) => state !== 'open'),
    notices: notices(scene, heard),
  };
}

export function runView(scene: Scene, run: Run, asks = openAsks(scene, run.id)): RunView {
  const { entryId, label, skew, reader } = scene;
  return {
    key: `${entryId}/${run.id}`,
    entryId,
    serverLabel: label,
    id: run.id,
    machine: run.machine,
    ...ofMachine(scene, run.machine),
    state: run.state,
    meta: run.erased ? null : reader.meta(run),
    erased: run.erased,
    head: scene.head(run.id),
    startedAt: run.startedAt - skew,
    updatedAt: run.updatedAt - skew,
    asks,
  };
}

function machineView(scene: Scene, machine: Machine): MachineView {
  const { entryId, label, skew, reader, listed } = scene;
  const { device } = machine;
  const standing = !machine.joined
    ? 'joining'
    : !listed.has(device)
      ? 'unlisted'
      : reader.isLocked(device)
        ? 'locked'
        : 'ready';
  return {
    key: `${entryId}/${device}`,
    entryId,
    serverLabel: label,
    device,
    name: machine.label,
    system: machine.system,
    program: machine.program,
    online: scene.isLive ? scene.online.has(device) : null,
    lastSeenAt: machine.lastSeenAt - skew,
    pairedAt: machine.pairedAt - skew,
    info: standing === 'ready' ? reader.info(machine) : null,
    standing,
  };
}

function askView(scene: Scene, ask: Ask, run: Run | undefined): AskView {
  const { entryId, label, skew, reader, devices, self } = scene;
  const given = reader.answer(ask);
  return {
    key: `${entryId}/${ask.id}`,
    entryId,
    serverLabel: label,
    id: ask.id,
    run: ask.run,
    runTitle: (run && reader.meta(run)?.title) ?? null,
    machine: ask.machine,
    ...ofMachine(scene, ask.machine),
    kind: ask.ask,
    state: ask.state,
    content: reader.ask(ask),
    openedAt: ask.openedAt - skew,
    expiresAt: ask.expiresAt - skew,
    closedAt: ask.closedAt === null ? null : ask.closedAt - skew,
    answer:
      given !== null && ask.answer !== null
        ? {
            device: ask.answer.device,
            deviceName: nameOf(devices, ask.answer.device),
            isThis: ask.answer.device === self,
            at: ask.answer.at - skew,
            content: given.content,
          }
        : null,
    takenAt: ask.takenAt === null ? null : ask.takenAt - skew,
    progress: scene.progress(ask.id),
    stale: scene.part.state !== 'fresh',
  };
}

/** What this device did itself it need not be told of. */
function notices(scene: Scene, heard: Heard): readonly PairingNoticeView[] {
  const { entryId, label, skew, self, devices } = scene;
  return [...heard.pairings.values()]
    .filter(({ device }) => device !== self)
    .map(({ key, label: named, state, device, at, rev }) => ({
      key: `${entryId}/${key}/${rev}`,
      entryId,
      serverLabel: label,
      label: named,
      state,
      device,
      deviceName: nameOf(devices, device),
      at: at - skew,
    }));
}

function ofMachine(
  { machine, isLive, online }: Scene,
  device: number,
): { readonly machineName: string; readonly machineOnline: boolean | null } {
  return { machineName: machine(device)?.label ?? '', machineOnline: isLive ? online.has(device) : null };
}

function nameOf(devices: readonly OwnDeviceView[], device: number): string | null {
  return devices.find((one) => one.device === device)?.label ?? null;
}

function openAsks({ asks }: Scene, run: string): number {
  let open = 0;
  for (const ask of asks.values()) if (ask.run === run && ask.state === 'open') open++;
  return open;
}
