import {
  type ClientApp,
  type CreateTerminalRequest,
  methods,
  type ReadTextFileRequest,
  RequestError,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type WriteTextFileRequest,
} from '@agentclientprotocol/sdk';
import { StartError } from '@skerry/server/command-line';
import type { Approvals } from './approvals.ts';
import { Grants } from './grants.ts';
import { plainText } from './plain-text.ts';
import type { RunCommands } from './run-commands.ts';
import type { Choice, Command, RunEntry, Subject } from './run-entry.ts';
import { RefusedPathError, type RunFolder } from './run-folder.ts';
import { subjectOf } from './subject.ts';

const ONCE: Choice = { optionId: 'allow', name: 'Allow once', kind: 'allow_once' };
const EVERY_WRITE: Choice = {
  optionId: 'allow_every',
  name: 'Allow every change to files in this run',
  kind: 'allow_always',
};
const REFUSE: Choice = { optionId: 'refuse', name: 'Refuse', kind: 'reject_once' };

type Change = Omit<Subject & { kind: 'write' }, 'kind'>;

/** An agent that asks for more in one breath is broken. */
const MOST_CHOICES = 20;

export type ToolsOptions = {
  readonly folder: RunFolder;
  readonly approvals: Approvals;
  readonly commands: RunCommands;
  /** Resolves when the entry is on the disk. */
  readonly append: (entry: RunEntry) => Promise<unknown>;
};

/**
 * What this machine does for an agent: files inside the folder, commands, questions. A file is changed and a command run
 * only with an approval of exactly that content, which counts once.
 */
export class AgentTools {
  readonly #folder: RunFolder;
  readonly #approvals: Approvals;
  readonly #commands: RunCommands;
  readonly #append: ToolsOptions['append'];
  readonly #grants = new Grants();
  #everyWrite = false;

  constructor({ folder, approvals, commands, append }: ToolsOptions) {
    this.#folder = folder;
    this.#approvals = approvals;
    this.#commands = commands;
    this.#append = append;
  }

  /** Approvals that were not used in their turn are void. */
  endTurn(): void {
    this.#grants.clear();
  }

  /** Takes up everything that an agent may ask of this side. */
  register(app: ClientApp): ClientApp {
    const { fs, terminal, session } = methods.client;
    return app
      .onRequest(session.requestPermission, ({ params, signal }) => this.#permission(params, signal))
      .onRequest(fs.readTextFile, ({ params }) => this.#guarded(`read ${params.path}`, () => this.#read(params)))
      .onRequest(fs.writeTextFile, ({ params, signal }) =>
        this.#guarded(`write ${params.path}`, () => this.#write(params, signal)),
      )
      .onRequest(terminal.create, ({ params, signal }) =>
        this.#guarded(`run ${params.command}`, () => this.#run(params, signal)),
      )
      .onRequest(terminal.output, ({ params }) => this.#commands.output(params.terminalId) ?? noTerminal())
      .onRequest(terminal.waitForExit, ({ params }) => this.#commands.waitForExit(params.terminalId) ?? noTerminal())
      .onRequest(terminal.kill, async ({ params }) =>
        (await this.#commands.kill(params.terminalId)) ? {} : noTerminal(),
      )
      .onRequest(terminal.release, async ({ params }) =>
        (await this.#commands.release(params.terminalId)) ? {} : noTerminal(),
      );
  }

  async #permission(params: RequestPermissionRequest, signal: AbortSignal): Promise<RequestPermissionResponse> {
    const subject = subjectOf(params);
    const choices = params.options.map(({ optionId, name, kind }) => ({ optionId, name, kind }));
    const unique = new Set(choices.map(({ optionId }) => optionId)).size === choices.length;
    if (choices.length === 0 || choices.length > MOST_CHOICES || !unique)
      throw RequestError.invalidParams(undefined, 'between 1 and 20 options, each with an id of its own, are needed');
    const choice = await this.#approvals.ask(subject, choices, signal);
    if (choice === null) return { outcome: { outcome: 'cancelled' } };
    if (allows(choice)) this.#grants.addTool(subject, await this.#realPaths(subject));
    return { outcome: { outcome: 'selected', optionId: choice.optionId } };
  }

  async #read({ path, line, limit }: ReadTextFileRequest): Promise<{ content: string }> {
    const text = await this.#folder.read(path);
    if (text === null) throw RequestError.resourceNotFound(path);
    await this.#append({ kind: 'read', path, bytes: Buffer.byteLength(text) });
    if (line == null && limit == null) return { content: text };
    const first = Math.max(1, line ?? 1) - 1;
    const lines = text.split(/(?<=\n)/);
    return { content: lines.slice(first, limit == null ? undefined : first + limit).join('') };
  }

  async #write({ path, content }: WriteTextFileRequest, signal: AbortSignal): Promise<Record<string, never>> {
    const real = await this.#folder.resolve(path);
    if (!this.#everyWrite)
      await this.#mayWrite({ path: real, before: await this.#folder.read(real), after: content }, signal);
    // By the path that was shown: the one that was asked for may lead elsewhere by now.
    await this.#append({ kind: 'wrote', path: real, ...(await this.#folder.write(real, content)) });
    return {};
  }

  async #mayWrite(change: Change, signal: AbortSignal): Promise<void> {
    const { path: real, before } = change;
    if (this.#grants.takeWrite(real, change)) return;
    const choice = await this.#approvals.ask({ kind: 'write', ...change }, [ONCE, EVERY_WRITE, REFUSE], signal);
    if (choice === null || !allows(choice)) throw new RefusedByPersonError();
    if ((await this.#folder.resolve(real)) !== real || (await this.#folder.read(real)) !== before)
      throw new RefusedPathError(`${real} changed while it was asked about.`);
    this.#everyWrite = choice.optionId === EVERY_WRITE.optionId;
  }

  async #run(params: CreateTerminalRequest, signal: AbortSignal): Promise<{ terminalId: string }> {
    const { command, args = [], env = [], cwd, outputByteLimit } = params;
    const asked: Command = {
      command,
      args,
      env: env.map(({ name, value }) => ({ name, value })),
      cwd: await this.#folder.folderAt(cwd ?? this.#folder.root),
    };
    // A tool call shows neither variables nor a folder, so its approval does not cover them.
    const isPlain = asked.env.length === 0 && asked.cwd === this.#folder.root;
    if (!isPlain || !this.#grants.takeCommand(command, args)) {
      const choice = await this.#approvals.ask({ kind: 'command', ...asked }, [ONCE, REFUSE], signal);
      if (choice === null || !allows(choice)) throw new RefusedByPersonError();
    }
    return { terminalId: await this.#commands.start(asked, outputByteLimit) };
  }

  /** Whatever is not done is in the log, and told to the agent as a sentence. */
  async #guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const isOurs = [RefusedPathError, RefusedByPersonError, StartError].some((kind) => error instanceof kind);
      if (!isOurs || !(error instanceof Error)) throw error;
      await this.#append({ kind: 'refused', what: plainText(what).slice(0, 1_000), why: error.message });
      throw RequestError.invalidRequest(undefined, error.message);
    }
  }

  async #realPaths({ writes }: Subject & { kind: 'tool' }): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    // A path that leads out grants nothing; writing to it is refused anyway.
    for (const { path } of writes) {
      const real = await this.#folder.resolve(path).catch(() => undefined);
      if (real !== undefined) found.set(path, real);
    }
    return found;
  }
}

class RefusedByPersonError extends Error {
  constructor() {
    super('The person did not allow it.');
    this.name = 'RefusedByPersonError';
  }
}

const allows = ({ kind }: Choice): boolean => kind === 'allow_once' || kind === 'allow_always';

function noTerminal(): never {
  throw RequestError.invalidParams(undefined, 'there is no such terminal');
}
