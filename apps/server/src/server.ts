import path from 'node:path';
import type { AddressInfo } from 'node:net';
import type { ServerId } from '@skerry/protocol';
import type { FastifyInstance } from 'fastify';
import { Assistants } from './assistants/assistants.ts';
import { withoutAssistants } from './assistants/off.ts';
import { AccessTokens } from './auth/access-tokens.ts';
import { authHandlers } from './auth/handlers.ts';
import { Passwords } from './auth/passwords.ts';
import { hashSecret, mintTypedCode } from './secrets.ts';
import { channelHandlers } from './channels/handlers.ts';
import type { ServerConfig } from './config.ts';
import { Database } from './db/database.ts';
import { listen, localName } from './http/listen.ts';
import { createRouter } from './http/router.ts';
import { StaticSite } from './http/static.ts';
import { type Every, every, Housekeeping } from './housekeeping.ts';
import { byteHandlers } from './keys/byte-handlers.ts';
import { keyHandlers } from './keys/handlers.ts';
import { Lifetime } from './lifetime.ts';
import { Machines } from './machines/machines.ts';
import { withoutMachines } from './machines/off.ts';
import { withoutVoice } from './voice/off.ts';
import type { openVoice, OpenVoice } from './voice/open-voice.ts';
import { Commands } from './log/commands.ts';
import { logHandlers } from './log/handlers.ts';
import { createLog, type Log, whereOf } from './logging.ts';
import { messageHandlers } from './messages/handlers.ts';
import { type Clock, RateLimits } from './rate-limits.ts';
import { openRealtime } from './realtime/realtime.ts';
import { DATABASE_FILE } from './server/data-files.ts';
import { DataLock } from './server/data-lock.ts';
import { serverHandlers } from './server/handlers.ts';
import { iconHandlers } from './server/icon-handlers.ts';
import { sealedHandlers } from './sealed/handlers.ts';
import { identify } from './server/identify.ts';
import { KillSwitch } from './testing/kill-points.ts';
import { VERSION } from './version.ts';

const LAST_REQUESTS_MS = 5_000;

/** What a server takes from outside, so that tests can bring their own. */
export type Surroundings = { readonly clock: Clock; readonly log: Log; readonly every: Every };

/** A server that answers. Disposing of it stops it: sockets are told, what was accepted is saved, workers end. */
export interface RunningServer extends AsyncDisposable {
  /** `http://host:port` as this machine reaches it. */
  readonly url: string;
  readonly port: number;
  readonly serverId: ServerId;
  /** Raw Ed25519 public key, base64url, and the six words people compare instead of it. */
  readonly key: string;
  readonly words: readonly string[];
  /** Of a server without accounts: makes its holder the owner, once. */
  readonly setupCode: string | null;
  /** How many times a password was hashed or checked. */
  readonly passwordChecks: number;
  /** Resolves when the server can't go on by itself, with where that came from. */
  readonly broken: Promise<string>;
  /** Writes a whole copy of the database while everything goes on. @throws SkerryError disk_full */
  backup(file: string): Promise<void>;
  /** The same as disposing; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a server: everything is made here, in order, and undone in reverse when a step fails.
 * @throws StartError, DataInUseError with a sentence for the person
 */
export async function startServer(
  config: ServerConfig,
  surroundings: Partial<Surroundings> = {},
): Promise<RunningServer> {
  const clock = surroundings.clock ?? { now: () => Date.now() };
  const log = surroundings.log ?? createLog(config.logLevel);
  const life = new Lifetime();
  let reportBroken: (where: string) => void = () => undefined;
  const broken = new Promise<string>((resolve) => (reportBroken = resolve));

  try {
    const lock = await DataLock.acquire(config.data);
    life.onClose(() => lock[Symbol.dispose]());

    const db = await Database.open({
      file: path.join(config.data, DATABASE_FILE),
      faults: config.faults,
      onBug: (error) => log.error({ event: 'fault', error: whereOf(error) }),
      onDeath: (error) => {
        log.error({ event: 'worker_died', error: whereOf(error) });
        reportBroken(whereOf(error));
      },
    });
    life.onClose(() => db.close());

    const { identity, key } = await identify(db, { ...config, clock });
    const setupCode = await offerSetup(db);
    await db.write('auth.tidy', { now: clock.now() });
    const onFault = (error: unknown): void => log.error({ event: 'fault', error: whereOf(error) });
    const housekeeping = new Housekeeping({ db, clock, every: surroundings.every ?? every, onFault });
    life.onClose(() => housekeeping[Symbol.asyncDispose]());

    const limits = new RateLimits(clock, config.rateScale);
    const passwords = await Passwords.create();
    const tokens = new AccessTokens({ lookup: (hash) => db.read('auth.access', { hash }), clock });
    life.onClose(
      db.onCommitted(({ items }) => {
        for (const item of items) if (item.type === 'sessionEnded') tokens.sessionEnded(item.session);
      }),
    );

    const kill = new KillSwitch(config.faults);
    const assistants = config.assistants.enabled
      ? new Assistants({
          config: config.assistants,
          db,
          limits,
          clock,
          every: surroundings.every ?? every,
          serverId: identity.serverId,
          data: config.data,
          onFault,
          onUnreadable: (count) => log.error({ event: 'assistants_key_does_not_open', count }),
        })
      : null;
    if (assistants !== null) life.onClose(() => assistants[Symbol.asyncDispose]());
    const origins = { allowed: config.origins };
    const authenticate = (token: string) => tokens.check(token);
    const machines = config.machines
      ? new Machines({
          db,
          limits,
          clock,
          every: surroundings.every ?? every,
          serverId: identity.serverId,
          onFault,
        })
      : null;
    if (machines !== null) life.onClose(() => machines[Symbol.asyncDispose]());
    const voice = config.voice === null ? null : await openVoiceOf(config.voice, { db, limits, clock, onFault });
    if (voice !== null) {
      life.onClose(() => voice.media.close());
      life.onClose(() => voice.voice[Symbol.asyncDispose]());
      life.onClose(db.onCommitted(({ items }) => voice.voice.committed(items)));
    }
    const commands = new Commands({
      db,
      limits,
      kill,
      machines: machines !== null,
      voice: voice !== null,
      onDone: (done) => {
        machines?.done(done);
        voice?.voice.done(done);
      },
    });
    const router = createRouter({
      handlers: {
        ...logHandlers({ db, commands }),
        ...channelHandlers({ db }),
        ...messageHandlers({ db }),
        ...keyHandlers({ db, limits, serverId: identity.serverId }),
        ...byteHandlers({ db, limits, clock }),
        ...iconHandlers({ db, limits }),
        ...sealedHandlers({ db }),
        ...(assistants?.handlers ?? withoutAssistants()),
        ...(machines?.handlers ?? withoutMachines()),
        ...(voice?.voice.handlers ?? withoutVoice()),
        ...serverHandlers({
          db,
          identity,
          limits,
          clock,
          version: VERSION,
          capabilities: [
            ...(assistants === null ? [] : ['assistants']),
            ...(machines === null ? [] : ['machines']),
            ...(voice === null ? [] : ['voice']),
          ],
        }),
        ...authHandlers({
          db,
          passwords,
          limits,
          clock,
          serverId: identity.serverId,
          refreshKey: key.derive('refresh/1'),
          exchangeKey: config.exchangeKey,
        }),
      },
      authenticate,
      authenticateRunner: assistants?.authenticateRunner ?? null,
      machines: config.machines,
      voice: voice !== null,
      limits,
      origins,
      trustProxy: config.trustProxy,
      tls: config.tls,
      site: config.client === null ? null : new StaticSite({ folder: config.client, mode: 'hosted', welcome: '' }),
      version: VERSION,
      log,
      isStopping: () => life.isClosing,
    });
    life.onClose(() => closeRouter(router));
    // Whoever waits for an answer or for changes is let go before requests are waited for.
    life.onClose(() => assistants?.stopAnswering());

    const gateway = await openRealtime({
      db,
      commands,
      limits,
      kill,
      machines,
      voice,
      authenticate,
      origins,
      prove: (asked) => identity.prove(asked),
      trustProxy: config.trustProxy,
      now: () => clock.now(),
      onFault,
      onClosed: (close) => log.debug({ event: 'socket_closed', close }),
    });
    router.server.on('upgrade', gateway.handleUpgrade);
    life.onClose(() => gateway.close());
    // Those who talk are told before their sockets close.
    if (voice !== null) life.onClose(() => voice.voice.stop());

    await listen(router, { host: config.host, port: config.port });
    const { port } = router.server.address() as AddressInfo;
    log.info({ event: 'listening', port });
    return {
      url: `${config.tls === null ? 'http' : 'https'}://${localName(config.host)}:${port}`,
      port,
      serverId: identity.serverId,
      key: identity.publicKey,
      words: identity.words,
      setupCode,
      get passwordChecks() {
        return passwords.hashesDone;
      },
      broken,
      backup: (file) => db.backup(file),
      stop: () => life.close(),
      [Symbol.asyncDispose]: () => life.close(),
    };
  } catch (error) {
    await life.close();
    throw error;
  }
}

/** The engine is large, and most servers start without it. */
async function openVoiceOf(...args: Parameters<typeof openVoice>): Promise<OpenVoice> {
  const loaded = await import('./voice/open-voice.ts');
  return loaded.openVoice(...args);
}

/** Lets requests that are under way finish, but not for ever. */
async function closeRouter(router: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => router.server.closeAllConnections(), LAST_REQUESTS_MS);
  await router.close();
  clearTimeout(cut);
}

/** @returns a fresh set-up code while nobody has an account */
async function offerSetup(db: Database): Promise<string | null> {
  const code = mintTypedCode();
  return (await db.write('auth.prepareSetup', { codeHash: hashSecret(code) })) ? code : null;
}
