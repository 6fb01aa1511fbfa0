import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  SkerryError,
  uuidv7,
  type AccountId,
  type ChannelId,
  type Command,
  type CommandId,
  type CommandResult,
  type Role,
  type SessionId,
} from '@skerry/protocol';
import { Database } from '../db/database.ts';
import { Commands } from '../log/commands.ts';
import { RateLimits } from '../rate-limits.ts';
import type { Gateway } from '../realtime/gateway.ts';
import { openRealtime } from '../realtime/realtime.ts';
import { SocketClient } from './socket-client.ts';
import { KillSwitch, NO_FAULTS } from './kill-points.ts';

export type Member = { readonly account: AccountId; readonly session: SessionId; readonly token: string };
export type RealtimeFixtureOptions = { readonly rateScale: number; readonly mostSockets: number };

/** A real database with its workers and a real gateway on a port of this machine. Accounts come in by the back door. */
export class RealtimeFixture implements AsyncDisposable {
  readonly folder: string;
  readonly db: Database;
  readonly commands: Commands;
  readonly gateway: Gateway;
  readonly general: ChannelId;
  readonly closes: number[];
  readonly url: string;
  readonly #people: Map<string, Member>;
  #owner: Member | undefined;
  #made = 0;
  readonly #clients: SocketClient[] = [];
  readonly #stop: () => Promise<void>;

  private constructor(
    parts: Pick<RealtimeFixture, 'folder' | 'db' | 'commands' | 'gateway' | 'general' | 'url' | 'closes'> & {
      people: Map<string, Member>;
      stop: () => Promise<void>;
    },
  ) {
    this.folder = parts.folder;
    this.db = parts.db;
    this.commands = parts.commands;
    this.gateway = parts.gateway;
    this.general = parts.general;
    this.url = parts.url;
    this.closes = parts.closes;
    this.#people = parts.people;
    this.#stop = parts.stop;
  }

  static async open({
    rateScale = 1_000,
    mostSockets = 10_000,
  }: Partial<RealtimeFixtureOptions> = {}): Promise<RealtimeFixture> {
    const folder = mkdtempSync(path.join(tmpdir(), 'skerry-rt-'));
    const bugs: unknown[] = [];
    const db = await Database.open({
      file: path.join(folder, 'skerry.db'),
      faults: NO_FAULTS,
      onBug: (bug) => bugs.push(bug),
      onDeath: (error) => bugs.push(error),
    });
    const general = id<ChannelId>();
    await db.write('server.start', {
      freshId: id(),
      publicKey: 'k'.repeat(43),
      rotation: null,
      name: 'Harbour',
      description: '',
      operator: null,
      registration: 'open',
    });
    await db.write('auth.prepareSetup', { codeHash: 'setup' });
    const limits = new RateLimits({ now: () => Date.now() }, rateScale);
    const kill = new KillSwitch(NO_FAULTS);
    const commands = new Commands({ db, limits, kill });
    const people = new Map<string, Member>();
    const closes: number[] = [];
    const gateway = await openRealtime({
      db,
      commands,
      limits,
      kill,
      mostSockets,
      origins: { allowed: null },
      trustProxy: false,
      now: () => Date.now(),
      authenticate: async (token) => {
        const person = people.get(token);
        if (person === undefined) throw new SkerryError('unauthorized');
        return { account: person.account, session: person.session };
      },
      prove: ({ nonce }) => ({
        serverId: general as string as never,
        key: 'k'.repeat(43),
        signature: nonce.padEnd(86, 's').slice(0, 86),
        rotations: [],
      }),
      onFault: (fault) => bugs.push(fault),
      onClosed: (code) => closes.push(code),
    });
    const http = createServer((_request, response) => response.writeHead(404).end());
    http.on('upgrade', gateway.handleUpgrade);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { port } = http.address() as AddressInfo;
    const stop = async () => {
      await gateway.close();
      http.close();
      await db.close();
      rmSync(folder, { recursive: true, force: true });
      if (bugs.length > 0) throw new AggregateError(bugs, 'something unexpected happened inside');
    };
    const fixture = new RealtimeFixture({
      folder,
      db,
      commands,
      gateway,
      general,
      url: `ws://127.0.0.1:${port}/api/socket`,
      closes,
      people,
      stop,
    });
    fixture.#owner = await fixture.#register('setup');
    return fixture;
  }

  /** Whoever set the server up. */
  get owner(): Member {
    if (this.#owner === undefined) throw new Error('not open yet');
    return this.#owner;
  }

  async person(role: Role = 'member'): Promise<Member> {
    const member = await this.#register(null);
    if (role !== 'member') await this.run(this.owner, { kind: 'account.role', account: member.account, role });
    return member;
  }

  /** Another session of the same account. */
  async signIn(member: Member): Promise<Member> {
    const session = newSession();
    await this.db.write('auth.signIn', { account: member.account, passwordHash: 'x', session });
    return this.#remember({ account: member.account, session: session.id, token: session.accessHash });
  }

  /** One command past the socket. @throws SkerryError */
  run(member: Member, command: Command, commandId = id()): Promise<CommandResult> {
    return this.commands.run(member, { id: commandId, command });
  }

  async connect(): Promise<SocketClient> {
    const client = await SocketClient.open(this.url);
    this.#clients.push(client);
    return client;
  }

  /** Cuts every socket that was opened here. */
  hangUp(): void {
    for (const client of this.#clients.splice(0)) client[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }

  async #register(codeHash: string | null): Promise<Member> {
    const session = newSession();
    const account = id<AccountId>();
    const username = `p${++this.#made}`;
    await this.db.write('auth.register', {
      id: account,
      username,
      displayName: username,
      proof: null,
      passwordHash: 'x',
      codeHash,
      session,
      firstChannel: this.general,
    });
    return this.#remember({ account, session: session.id, token: session.accessHash });
  }

  #remember(member: Member): Member {
    this.#people.set(member.token, member);
    return member;
  }
}

const id = <Id extends string = CommandId>(): Id => uuidv7<Id>(Date.now(), randomBytes(10));

/** The hash of its access token is what the fixture takes for the token itself. */
function newSession(): {
  id: SessionId;
  device: string;
  refreshHash: string;
  accessHash: string;
  accessExpiresAt: number;
} {
  const secret = () => randomBytes(32).toString('base64url');
  return {
    id: id<SessionId>(),
    device: 'test',
    refreshHash: secret(),
    accessHash: secret(),
    accessExpiresAt: Date.now() + 900_000,
  };
}
