import { createWriteStream } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import {
  client,
  type ClientConnection,
  type InitializeResponse,
  methods,
  ndJsonStream,
  type NewSessionRequest,
  type PromptRequest,
  PROTOCOL_VERSION,
  RequestError,
  type SessionModeState,
  type StopReason,
} from '@agentclientprotocol/sdk';
import { StartError } from '@skerry/server/command-line';
import { AgentTools } from './agent-tools.ts';
import { type AnswerOutcome, Approvals } from './approvals.ts';
import { endGroup, startGroup } from './process-group.ts';
import { RunCommands } from './run-commands.ts';
import type { Line, RunEntry } from './run-entry.ts';
import { RunFolder } from './run-folder.ts';
import { type OpenRun, openRun } from './run-store.ts';

export type RunOptions = {
  /** Folder of all runs of this machine. */
  readonly runs: string;
  /** A run of before that goes on, or `null` for a new one. */
  readonly resume: string | null;
  /** What a new one is called. */
  readonly id?: string;
  /** The agent's command line; `null` for the one of the run that goes on. */
  readonly agent: readonly string[] | null;
  /** What the agent may read and change; `null` for the folder of the run that goes on. */
  readonly folder: string | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told of every entry once it is on the disk, in order. */
  readonly show: (line: Line) => void;
};

const START_MS = 60_000;
/** Characters of what an agent said on stderr that are shown when it fails. */
const COMPLAINT = 1_000;

/** One conversation with one agent, in one folder, with a log that outlives both. */
export class Run implements AsyncDisposable {
  readonly id: string;
  /** Resolves when the agent is gone, by itself or because the run was closed. */
  readonly ended: Promise<void>;
  readonly #opened: OpenRun;
  readonly #show: (line: Line) => void;
  readonly #approvals: Approvals;
  readonly #commands: RunCommands;
  readonly #tools: AgentTools;
  readonly #child: ChildProcess;
  readonly #connection: ClientConnection;
  #session = '';
  #modes: SessionModeState | null = null;
  /** While the agent tells of what is in the log already, it is not listened to. */
  #listening = false;
  #closing = false;
  #busy = 0;
  #turns: Promise<unknown> = Promise.resolve();
  #cancelled = new AbortController();
  #complaint = '';
  #appended: Promise<unknown> = Promise.resolve();

  private constructor(
    opened: OpenRun,
    child: ChildProcess,
    { show, folder }: { show: RunOptions['show']; folder: RunFolder },
  ) {
    this.id = opened.id;
    this.#opened = opened;
    this.#show = show;
    this.#child = child;
    const append = (entry: RunEntry) => this.#append(entry);
    this.#approvals = new Approvals(append);
    this.#commands = new RunCommands((entry) => void append(entry).catch(() => undefined));
    this.#tools = new AgentTools({ folder, approvals: this.#approvals, commands: this.#commands, append });
    const complaints = createWriteStream(path.join(opened.folder, 'agent.log'), { flags: 'a', mode: 0o600 });
    child.stderr?.pipe(complaints);
    child.stderr?.on(
      'data',
      (part: Buffer) => (this.#complaint = (this.#complaint + part.toString()).slice(-COMPLAINT)),
    );
    child.stdin?.on('error', () => undefined);
    const app = this.#tools.register(
      client({ name: 'skerry' }).onNotification(methods.client.session.update, async ({ params }) => {
        if (this.#listening && params.sessionId === this.#session)
          await append({ kind: 'update', update: params.update });
      }),
    );
    this.#connection = app.connect(
      ndJsonStream(
        Writable.toWeb(child.stdin as Writable) as WritableStream<Uint8Array>,
        Readable.toWeb(child.stdout as Readable) as ReadableStream<Uint8Array>,
      ),
    );
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.ended = gone.then(() => this.#leave());
  }

  /**
   * Starts the agent and a conversation with it. A run that goes on has the same log and, where the agent can, the same
   * conversation.
   * @throws StartError when the agent cannot be started, does not speak the protocol, or wants somebody to sign in first;
   *   when there is no such run, or it is open elsewhere
   */
  static async start({ runs, resume, id, agent, folder, now, show }: RunOptions): Promise<Run> {
    const opened = await openRun({ runs, resume, now, ...(id === undefined ? {} : { id }) });
    try {
      const begun = opened.lines.findLast(({ entry }) => entry.kind === 'begun')?.entry;
      const before = begun?.kind === 'begun' ? begun : undefined;
      const argv = agent ?? before?.agent;
      const where = folder ?? before?.folder;
      if (argv === undefined || where === undefined)
        throw new StartError(`The run ${opened.id} never began, so it cannot go on.`);
      const runFolder = new RunFolder(where);
      const child = await startGroup(argv, { cwd: runFolder.root, stdio: ['pipe', 'pipe', 'pipe'] });
      const run = new Run(opened, child, { show, folder: runFolder });
      try {
        await run.#begin(argv, { folder: runFolder.root, session: before?.session ?? null });
        return run;
      } catch (error) {
        const complaint = run.#complaint;
        await run[Symbol.asyncDispose]();
        throw startFailure(error, { argv, complaint });
      }
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What the agent can be switched to. */
  get modes(): SessionModeState | null {
    return this.#modes;
  }

  /** Where everything of this run lies. */
  get folder(): string {
    return this.#opened.folder;
  }

  /** Whether the agent has something to do. */
  get isBusy(): boolean {
    return this.#busy > 0;
  }

  /** Says something to the agent, after what was said before. Resolves when its turn is over. */
  prompt(text: string): Promise<StopReason | 'failed'> {
    return this.#queue(
      () => Promise.resolve('cancelled' as const),
      async () => {
        await this.#append({ kind: 'prompt', text });
        return this.#turn(text);
      },
    );
  }

  /**
   * Says something for somebody far away, who has to know that it is not lost: it is in the log before its turn comes.
   * Resolves when it is there.
   * @param by the device that says it, and its wish
   */
  async say(text: string, by: { readonly by?: number; readonly op: string }): Promise<void> {
    const logged = this.#append({ kind: 'prompt', text, ...by });
    const turn = this.#queue(
      () => this.#over('cancelled', null),
      async () => {
        await logged;
        return this.#turn(text);
      },
    );
    turn.catch(() => undefined);
    await logged;
  }

  #queue(
    dropped: () => Promise<StopReason>,
    work: () => Promise<StopReason | 'failed'>,
  ): Promise<StopReason | 'failed'> {
    const { signal } = this.#cancelled;
    const turn = this.#turns.then(() => (signal.aborted ? dropped() : work()));
    this.#busy++;
    this.#turns = turn.catch(() => undefined).finally(() => this.#busy--);
    return turn;
  }

  /** Stops what the agent does, and drops what it was to be told next. */
  async cancel(): Promise<void> {
    this.#cancelled.abort();
    this.#cancelled = new AbortController();
    await Promise.all([
      this.#connection.agent.notify(methods.agent.session.cancel, { sessionId: this.#session }),
      this.#approvals.giveUp(),
    ]);
  }

  /** @returns false when the agent has no such mode */
  async setMode(modeId: string): Promise<boolean> {
    if (this.#modes?.availableModes.some(({ id }) => id === modeId) !== true) return false;
    await this.#connection.agent.request(methods.agent.session.setMode, { sessionId: this.#session, modeId });
    this.#modes = { ...this.#modes, currentModeId: modeId };
    await this.#append({ kind: 'mode', mode: modeId });
    return true;
  }

  /** Says no to a question for want of anybody to ask. */
  decline(ask: string, by?: number): Promise<void> {
    return this.#approvals.decline(ask, by);
  }

  /** @param by the device that answers from afar */
  answer(ask: string, choice: string, by?: number): Promise<AnswerOutcome> {
    return this.#approvals.answer(ask, choice, by);
  }

  /** Writes down why something was not done. */
  async refuse(what: string, why: string): Promise<void> {
    await this.#append({ kind: 'refused', what, why });
  }

  /** Resolves when nothing is being said and nothing waits to be. */
  async idle(): Promise<void> {
    await this.#turns;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#connection.close();
    await endGroup(this.#child);
    await this.ended;
    await this.#opened[Symbol.asyncDispose]();
  }

  async #begin(
    argv: readonly string[],
    { folder, session }: { folder: string; session: string | null },
  ): Promise<void> {
    const { agent } = this.#connection;
    const options = { cancellationSignal: AbortSignal.timeout(START_MS) };
    const hello = await agent.request(
      methods.agent.initialize,
      {
        protocolVersion: PROTOCOL_VERSION,
        clientCapabilities: { fs: { readTextFile: true, writeTextFile: true }, terminal: true },
        clientInfo: { name: 'skerry', title: 'Skerry', version: '0.1.0' },
      },
      options,
    );
    if (hello.protocolVersion !== PROTOCOL_VERSION)
      throw new StartError(
        `This agent speaks version ${hello.protocolVersion} of the protocol, not ${PROTOCOL_VERSION}.`,
      );
    const start = await this.#converse(hello, { folder, session, options });
    this.#listening = true;
    await this.#append({ kind: 'begun', agent: argv, folder, session: this.#session, start, modes: this.#modes });
  }

  async #converse(
    hello: InitializeResponse,
    {
      folder,
      session,
      options,
    }: { folder: string; session: string | null; options: { cancellationSignal: AbortSignal } },
  ): Promise<'new' | 'loaded' | 'anew'> {
    const { agent } = this.#connection;
    const asked: NewSessionRequest = { cwd: folder, mcpServers: [] };
    try {
      if (session !== null && hello.agentCapabilities?.loadSession === true) {
        const load = { ...asked, sessionId: session };
        const loaded = await agent.request(methods.agent.session.load, load, options);
        this.#session = session;
        this.#modes = loaded.modes ?? null;
        return 'loaded';
      }
    } catch (error) {
      // It may have forgotten; then it is told so by a conversation that begins anew.
      if (!(error instanceof RequestError) || error.code === AUTH_REQUIRED) throw error;
    }
    const made = await agent.request(methods.agent.session.new, asked, options);
    this.#session = made.sessionId;
    this.#modes = made.modes ?? null;
    return session === null ? 'new' : 'anew';
  }

  async #turn(text: string): Promise<StopReason | 'failed'> {
    let stop: StopReason | 'failed' = 'failed';
    let why: string | null = null;
    try {
      const asked: PromptRequest = { sessionId: this.#session, prompt: [{ type: 'text', text }] };
      const { agent } = this.#connection;
      stop = (await agent.request<'session/prompt'>(methods.agent.session.prompt, asked)).stopReason;
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    this.#tools.endTurn();
    await this.#approvals.giveUp();
    return this.#over(stop, why);
  }

  async #over<T extends StopReason | 'failed'>(stop: T, why: string | null): Promise<T> {
    await this.#append({ kind: 'turn', stop, why });
    return stop;
  }

  /** The agent is gone: whatever it asked or ran goes with it. */
  async #leave(): Promise<void> {
    this.#connection.close();
    await this.#approvals.giveUp();
    await this.#commands[Symbol.asyncDispose]();
    await this.#turns;
    await this.#append({ kind: 'ended', why: this.#closing ? 'closed' : 'agent_ended' }).catch(() => undefined);
    await this.#appended;
  }

  #append(entry: RunEntry): Promise<Line> {
    const written = this.#opened.log.append(entry);
    // Shown in the order of the log, and not before it is there.
    const shown = this.#appended.then(async () => this.#show(await written));
    this.#appended = shown.catch(() => undefined);
    return shown.then(() => written);
  }
}

const AUTH_REQUIRED = -32_000;

function startFailure(error: unknown, { argv, complaint }: { argv: readonly string[]; complaint: string }): Error {
  if (error instanceof StartError) return error;
  const said = complaint.trim() === '' ? '' : `\nIt said: ${complaint.trim()}`;
  if (error instanceof RequestError && error.code === AUTH_REQUIRED)
    return new StartError(
      `The agent wants you to sign in first. Start it once by itself: ${argv.join(' ')}${said}`,
      error,
    );
  const why = error instanceof Error ? error.message : String(error);
  return new StartError(
    `${argv[0]} is no agent that speaks the Agent Client Protocol, or it failed: ${why}${said}`,
    error,
  );
}
