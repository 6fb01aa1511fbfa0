import type { AccountId, DownOf, Position, ResetReason } from '@skerry/protocol';
import { callOpen } from '../api/api.ts';
import { Connection } from '../connection/connection.ts';
import { MachineWire } from '../connection/machine-wire.ts';
import { Requests } from '../connection/requests.ts';
import { DialSlots } from '../fleet/dial-slots.ts';
import { Turns } from '../fleet/turns.ts';
import { Identity } from '../servers/identity.ts';
import type { CommandAnswer, EntrySync, Link } from '../sync/entry-sync.ts';
import { FakeServer } from './fake-server.ts';
import { memoryPlatform, type MemoryPlatform } from './memory-platform.ts';

/** The other side of the seam: writes down what it is told and keeps nothing. */
export class RecordingSync implements EntrySync {
  readonly calls: string[] = [];
  readonly frames: DownOf<'events'>[] = [];
  readonly answers: (readonly [string, CommandAnswer])[] = [];
  position: Position | null = null;
  link: Link | undefined;
  /** What `synced` waits for. */
  whenSynced: Promise<void> = Promise.resolve();

  resumeFrom(): Position | null {
    return this.position;
  }
  welcomed(link: Link): void {
    this.link = link;
    this.calls.push('welcomed');
  }
  reset(reason: ResetReason): void {
    this.calls.push(`reset ${reason}`);
  }
  events(frame: DownOf<'events'>): void {
    this.frames.push(frame);
  }
  mark(position: Position): void {
    this.position = position;
  }
  answered(id: string, answer: CommandAnswer): void {
    this.answers.push([id, answer]);
  }
  presence(): void {
    this.calls.push('presence');
  }
  typing(): void {
    this.calls.push('typing');
  }
  toDevice(head: number): void {
    this.calls.push(`toDevice ${head}`);
  }
  prekeys(left: number): void {
    this.calls.push(`prekeys ${left}`);
  }
  unlinked(): void {
    this.calls.push('unlinked');
    this.link = undefined;
  }
  synced(): Promise<void> {
    return this.whenSynced;
  }
}

export type Rig = {
  readonly platform: MemoryPlatform;
  readonly server: FakeServer;
  readonly sync: RecordingSync;
  readonly requests: Requests;
  readonly connection: Connection;
  /** What asking for an access token gives; may throw. */
  token: () => Promise<string>;
  readonly refused: string[];
  origins: readonly string[];
};

/** One connection on a device and a server in memory, signed in. */
export async function connectionRig(
  options: { enabled?: boolean; turns?: Turns; slots?: DialSlots; platform?: MemoryPlatform; origin?: string } = {},
): Promise<Rig> {
  const platform = options.platform ?? memoryPlatform();
  const { clock, random, network, crypto } = platform;
  const origin = options.origin ?? 'https://a.example';
  const server = new FakeServer(origin, { now: () => clock.now() });
  network.serve(origin, server);
  const account: AccountId = server.person('anna');
  const tokenOf = async (): Promise<string> => {
    const body = JSON.stringify({ username: 'anna', password: 'correct horse', device: 'test' });
    const signal = new AbortController().signal;
    const answer = await server.http({
      method: 'POST',
      url: `${origin}/api/auth/sign-in`,
      headers: {},
      body,
      timeoutMs: 1,
      maxBytes: 1,
      signal,
    });
    return (JSON.parse(answer.text) as { accessToken: string }).accessToken;
  };
  let token: string | undefined;
  const sync = new RecordingSync();
  const requests = new Requests(clock);
  const pin = { serverId: server.serverId, key: server.key };
  const rig = {
    platform,
    server,
    sync,
    requests,
    refused: [] as string[],
    token: async () => (token ??= await tokenOf()),
    origins: [origin] as readonly string[],
  };
  const identity = new Identity({
    http: network.http,
    crypto,
    clock,
    random,
    pin: () => pin,
    origins: () => rig.origins,
    onPin: () => undefined,
    onMismatch: (error) => connection.stopFor(error),
    signal: new AbortController().signal,
  });
  const connection = new Connection(
    {
      clock,
      random,
      openTransport: network.openTransport,
      turns: options.turns ?? new Turns(clock),
      slots: options.slots ?? new DialSlots(),
      device: 'Test',
      requests,
      machines: new MachineWire(),
      nonce: () => identity.nonce(),
      check: (asked, proof) => identity.check(asked, proof),
      hold: (held) => identity.hold(held),
      token: () => rig.token(),
      refuse: (refused) => {
        rig.refused.push(refused);
        token = undefined;
      },
      signedIn: () => Promise.resolve(),
      account: () => account,
      origins: () => rig.origins,
      focused: () => false,
      ready: () => Promise.resolve(sync),
      away: platform.connectivity.idle,
      health: (asked, signal) => callOpen(network.http, { origin: asked, name: 'health' }, { signal }),
      heardTime: () => undefined,
    },
    options.enabled ?? true,
  );
  return Object.assign(rig, { connection });
}
