import { tell } from '../shared/child.ts';
import { RawSocket } from '../shared/raw-socket.ts';
import { GROUPS, KINDS, type Group, type Kind, type Ports, type Round } from './kinds.ts';

/** Holds the members of every group, counts what reaches them, and sends the messages. */

const SPACE = 'x'.repeat(80);
const E = 0x65;
const FOUR = 0x34;
const TWO = 0x32;

/** Deliveries of a group, and how many members got its n-th message. */
class Members {
  deliveries = 0;
  readonly #size: number;
  #reached: number[] = [];
  #sent = 0;
  onComplete: () => void = () => undefined;

  constructor(size: number) {
    this.#size = size;
  }

  start(): void {
    this.#sent += 1;
    this.#reached.push(0);
  }

  /** Messages that have not reached every member. */
  get open(): number {
    return this.#reached.length;
  }

  /** A member got its n-th message, counted from 0. */
  got(n: number): void {
    this.deliveries += 1;
    const at = n - (this.#sent - this.#reached.length);
    const reached = (this.#reached[at] ?? 0) + 1;
    this.#reached[at] = reached;
    if (reached < this.#size || at > 0) return;
    while (this.#reached[0] === this.#size) this.#reached.shift();
    this.onComplete();
  }
}

const groups = new Map<string, Members>();
const controls = new Map<Kind, (group: Group) => void>();

const isEvents = (bytes: Buffer, from: number): boolean => bytes[from + 6] === E;
const isEmitted = (bytes: Buffer, from: number): boolean => bytes[from] === FOUR && bytes[from + 1] === TWO;

async function openSocket(kind: Kind, port: number, group: string): Promise<RawSocket> {
  if (kind !== 'socket.io') return RawSocket.open(port, `/${group}`);
  let joined: () => void;
  const isJoined = new Promise<void>((resolve) => (joined = resolve));
  const socket = await RawSocket.open(
    port,
    `/socket.io/?EIO=4&transport=websocket&group=${group}`,
    (bytes, from, to) => {
      if (bytes.toString('latin1', from, Math.min(to, from + 2)) === '40') joined();
    },
  );
  socket.send('40');
  await isJoined;
  return socket;
}

async function join(kind: Kind, port: number, group: Group): Promise<void> {
  const members = new Members(group);
  groups.set(`${kind} ${group}`, members);
  for (let i = 0; i < group; i++) {
    const socket = await openSocket(kind, port, String(group));
    let n = 0;
    const counts = kind === 'socket.io' ? isEmitted : isEvents;
    socket.onText = (bytes, from, to) => {
      if (counts(bytes, from)) members.got(n++);
      else if (kind === 'socket.io' && to - from === 1 && bytes[from] === TWO) socket.send('3');
    };
  }
}

async function openControl(kind: Kind, port: number): Promise<void> {
  const socket = await openSocket(kind, port, 'control');
  socket.onText = (bytes, from, to) => {
    if (kind === 'socket.io' && to - from === 1 && bytes[from] === TWO) socket.send('3');
  };
  controls.set(kind, (group) => {
    const sent = JSON.stringify({ group: String(group), text: `${Date.now()} ${SPACE}` });
    socket.send(kind === 'socket.io' ? `42["send",${sent}]` : sent);
  });
}

function run({ kind, group, window, ms }: Round): Promise<{ deliveries: number }> {
  const members = groups.get(`${kind} ${group}`);
  const control = controls.get(kind);
  if (members === undefined || control === undefined) throw new Error('no such group');
  const before = members.deliveries;
  const end = performance.now() + ms;
  return new Promise((resolve) => {
    members.onComplete = () => {
      if (performance.now() < end) {
        while (members.open < window) {
          members.start();
          control(group);
        }
      } else if (members.open === 0) resolve({ deliveries: members.deliveries - before });
    };
    members.onComplete();
  });
}

const ports = JSON.parse(process.argv[2] ?? '{}') as Ports;
for (const kind of KINDS) {
  await openControl(kind, ports[kind]);
  for (const group of GROUPS) await join(kind, ports[kind], group);
}
process.on('message', (round: Round) => void run(round).then(tell));
tell({ ready: true });
