import * as z from 'zod/mini';
import { encodeFields } from './encode-fields.ts';
import { deviceNumber } from './keys.ts';
import { MACHINE_LIMITS } from './machine-limits.ts';
import { count } from './route.ts';
import { runId } from './runs.ts';
import { publicKey } from './server.ts';

/**
 * What machines and a person's devices say to each other inside encrypted bodies: the server sees none of it. Both ends parse
 * what they decrypted with these, since an agent may have talked its machine into anything. SPEC M-13 to M-16.
 */

/** Lengths in characters (UTF-16 code units), counts. With its shell every content fits its body's limit. */
export const AGENT_LIMITS = {
  path: 4_096,
  title: 200,
  name: 80,
  /** Of one entry, ask or prompt; longer ones are cut and say so. */
  text: 8_000,
  choice: 200,
  choices: 20,
  modes: 32,
  agents: 32,
  folders: 200,
  planSteps: 100,
  keysPerEnvelope: 64,
  /** Milliseconds by which a call's clock may be off before it counts as an old one. */
  callAgeMs: 10 * 60_000,
} as const;
const L = AGENT_LIMITS;

const short = (max: number) => z.string().check(z.maxLength(max));
/** Something that was cut when it was longer. */
const text = short(L.text);
const path = short(L.path);
/** 16 random bytes, so that nobody guesses a content by its digest. */
const salt = z.string().check(z.regex(/^[A-Za-z0-9_-]{22}$/));
const v = z.literal(1);

/** What a body is; a server cannot put one in another's place. SPEC M-13. */
export type AgentBody =
  | { readonly use: 'info' }
  | { readonly use: 'meta'; readonly run: string }
  | { readonly use: 'entry'; readonly run: string; readonly entry: string }
  | { readonly use: 'ask' | 'answer'; readonly run: string; readonly ask: string }
  /** `from`: the person's device that calls. */
  | { readonly use: 'call'; readonly from: number; readonly call: string }
  | { readonly use: 'reply'; readonly from: number; readonly call: string; readonly part: number };

/** Associated data of an encrypted body. */
export function encodeAgentBody(of: {
  serverId: string;
  account: string;
  machine: number;
  body: AgentBody;
}): Uint8Array {
  return encodeFields(['skerry/agent-body/1', of.serverId, of.account, String(of.machine), ...fieldsOf(of.body)]);
}

function fieldsOf(body: AgentBody): readonly string[] {
  switch (body.use) {
    case 'info':
      return [body.use];
    case 'meta':
      return [body.use, body.run];
    case 'entry':
      return [body.use, body.run, body.entry];
    case 'ask':
    case 'answer':
      return [body.use, body.run, body.ask];
    case 'call':
      return [body.use, String(body.from), body.call];
    case 'reply':
      return [body.use, String(body.from), body.call, String(body.part)];
  }
}

/**
 * Content of an envelope from a machine to a device of its person. `run` null: the machine's own key. `n` counts the keys of
 * the same thing from 1; bodies are tried with the newest first. SPEC M-14.
 */
export const agentKeys = z.object({
  v,
  server: short(64),
  what: z.literal('agentKeys'),
  machine: deviceNumber,
  keys: z
    .array(z.object({ run: z.nullable(runId), n: count.check(z.minimum(1)), key: publicKey }))
    .check(z.minLength(1), z.maxLength(L.keysPerEnvelope)),
});
export type AgentKeys = z.infer<typeof agentKeys>;

const named = z.object({ id: short(L.name), name: short(L.name) });

/** `machine.describe`: what can be started there. */
export const machineInfo = z.object({
  v,
  /** The folder below which runs may be started. */
  root: path,
  agents: z.array(named).check(z.maxLength(L.agents)),
  /** Where runs were started lately, the last one first. */
  recent: z.array(path).check(z.maxLength(20)),
});
export type MachineInfo = z.infer<typeof machineInfo>;

/** What a run is about. */
export const runMeta = z.object({
  v,
  /** `agent`: has a transcript and can be spoken to. `asks`: only what some agent asks, by `skerry mcp`. */
  kind: z.enum(['agent', 'asks']),
  title: short(L.title),
  folder: path,
  agent: short(L.name),
  branch: z.nullable(short(L.title)),
  mode: z.nullable(short(L.name)),
  modes: z.array(named).check(z.maxLength(L.modes)),
});
export type RunMeta = z.infer<typeof runMeta>;

/** A change of a file. `before` null: it was not there. */
const write = z.object({ path, before: z.nullable(text), after: text });
const command = { command: text, args: z.array(text), cwd: path };
const cut = z.boolean();

/** What an agent wants to do, as data: what is shown is made of it, never of the agent's words about it. T18 */
export const agentSubject = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('command'),
    ...command,
    env: z.array(z.object({ name: text, value: text })),
  }),
  z.object({ kind: z.literal('write'), ...write.shape }),
  z.object({
    kind: z.literal('tool'),
    title: text,
    tool: short(L.name),
    /** JSON. */
    input: text,
    writes: z.array(write),
  }),
]);
export type AgentSubject = z.infer<typeof agentSubject>;

const choice = z.object({
  id: short(L.name),
  name: short(L.choice),
  kind: z.enum(['allow_once', 'allow_always', 'reject_once', 'reject_always']),
});

/** What is asked. The ask's digest on the wire is SHA-256 of these bytes. */
export const askContent = z.discriminatedUnion('kind', [
  z.object({
    v,
    salt,
    kind: z.literal('permission'),
    folder: path,
    subject: agentSubject,
    choices: z.array(choice).check(z.maxLength(L.choices)),
    /** It did not fit: nobody can see all of it here, so nothing but a no may be said here. */
    cut,
  }),
  z.object({
    v,
    salt,
    kind: z.enum(['question', 'report']),
    text: short(20_000),
    /** Of a report: confirm, and go on. */
    choices: z.array(short(L.choice)).check(z.maxLength(L.choices)),
    folder: path,
    agent: short(L.name),
  }),
]);
export type AskContent = z.infer<typeof askContent>;

/** What was decided; SHA-256 of these bytes is what the device signs as `decision`. */
export const answerContent = z.object({
  v,
  salt,
  /** The id of a permission's choice, or the very text of a question's. */
  choice: z.nullable(short(L.choice)),
  /** In words: the answer itself, or why not. */
  text: z.nullable(short(8_000)),
});
export type AnswerContent = z.infer<typeof answerContent>;

const location = z.object({ path, line: z.nullable(count) });
const toolPart = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text }),
  z.object({ kind: z.literal('diff'), ...write.shape }),
  z.object({ kind: z.literal('terminal'), terminal: short(L.name) }),
]);

/** One entry of a transcript: what stands in the machine's own log under the same id. */
export const runContent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begun'), agent: short(L.name), folder: path, start: z.enum(['new', 'loaded', 'anew']) }),
  /** `by`: the device that said it; null: at the machine. */
  z.object({ kind: z.literal('prompt'), text, by: z.nullable(deviceNumber) }),
  /** A piece of what the agent says; neighbours of the same kind are one text. */
  z.object({ kind: z.literal('said'), as: z.enum(['answer', 'thought']), text }),
  z.object({
    kind: z.literal('plan'),
    steps: z
      .array(z.object({ text: short(500), state: z.enum(['pending', 'in_progress', 'completed']) }))
      .check(z.maxLength(L.planSteps)),
  }),
  /** A tool call, or what changed about one: null stays as it was. */
  z.object({
    kind: z.literal('tool'),
    id: short(L.title),
    title: z.nullable(text),
    tool: z.nullable(short(L.name)),
    state: z.nullable(z.enum(['pending', 'in_progress', 'completed', 'failed'])),
    locations: z.nullable(z.array(location).check(z.maxLength(50))),
    parts: z.nullable(z.array(toolPart).check(z.maxLength(50))),
  }),
  z.object({ kind: z.literal('mode'), mode: short(L.name) }),
  /** The ask is on the server under this id. */
  z.object({ kind: z.literal('asked'), ask: runId, subject: agentSubject }),
  /** `choice` null: nobody decided. `by`: the device whose answer it was; null: at the machine, or nobody. */
  z.object({
    kind: z.literal('answered'),
    ask: runId,
    choice: z.nullable(short(L.choice)),
    by: z.nullable(deviceNumber),
  }),
  z.object({ kind: z.literal('read'), path, bytes: count }),
  z.object({ kind: z.literal('wrote'), path, bytes: count }),
  z.object({ kind: z.literal('command'), terminal: short(L.name), ...command }),
  z.object({ kind: z.literal('output'), terminal: short(L.name), text }),
  z.object({
    kind: z.literal('exited'),
    terminal: short(L.name),
    code: z.nullable(z.number()),
    signal: z.nullable(short(L.name)),
  }),
  z.object({ kind: z.literal('refused'), what: text, why: text }),
  /** `stop`: end_turn, max_tokens, max_turn_requests, refusal, cancelled, failed. */
  z.object({ kind: z.literal('turn'), stop: short(L.name), why: z.nullable(text) }),
  z.object({ kind: z.literal('ended'), why: z.enum(['closed', 'agent_ended', 'cut']) }),
]);
export type RunContent = z.infer<typeof runContent>;

/** The plaintext of an entry's body. */
export const runLine = z.object({
  v,
  /** Milliseconds since 1970 by the machine's clock. */
  at: count,
  /** Some text in it was longer. */
  cut,
  entry: runContent,
});
export type RunLine = z.infer<typeof runLine>;

/**
 * What a person's device wants of a machine. `op` is made once for each wish: a machine that did it already gives the same
 * reply and does nothing, however often and however late a server delivers it. SPEC M-15.
 */
export const agentCall = z.object({
  v,
  op: runId,
  /** Milliseconds since 1970 by the caller's clock. */
  at: count,
  wish: z.discriminatedUnion('do', [
    /** `path` null: where one last was. */
    z.object({ do: z.literal('folders'), path: z.nullable(path) }),
    z.object({
      do: z.literal('start'),
      agent: short(L.name),
      folder: path,
      mode: z.nullable(short(L.name)),
      prompt: z.nullable(text),
    }),
    z.object({ do: z.literal('prompt'), run: runId, text }),
    z.object({ do: z.literal('cancel'), run: runId }),
    z.object({ do: z.literal('mode'), run: runId, mode: short(L.name) }),
    /** Ends the agent; the run can be taken up again. */
    z.object({ do: z.literal('end'), run: runId }),
    z.object({ do: z.literal('resume'), run: runId }),
  ]),
});
export type AgentCall = z.infer<typeof agentCall>;
export type AgentWish = AgentCall['wish'];

/** Why a machine did not do it. */
export const agentProblem = z.enum([
  'bad_call',
  /** Its clock and the caller's are too far apart, or the call was held back on its way. */
  'stale',
  'no_such_run',
  'no_such_agent',
  'no_such_mode',
  'no_such_folder',
  /** Outside of the folder below which runs may be started. */
  'outside',
  /** The agent could not be started, or is gone; `say` has what it said. */
  'agent_failed',
  'not_running',
  'too_many_runs',
]);
export type AgentProblem = z.infer<typeof agentProblem>;

/** The only part of a machine's reply to a call. */
export const agentReply = z.discriminatedUnion('did', [
  z.object({ v, did: z.literal('no'), problem: agentProblem, say: z.nullable(short(1_000)) }),
  z.object({ v, did: z.literal('yes') }),
  z.object({ v, did: z.literal('started'), run: runId }),
  z.object({
    v,
    did: z.literal('listed'),
    path,
    /** Null at the top. */
    parent: z.nullable(path),
    folders: z.array(z.object({ name: short(255), repository: z.boolean() })).check(z.maxLength(L.folders)),
    cut,
  }),
]);
export type AgentReply = z.infer<typeof agentReply>;

/** Bytes that a plaintext may have so that 12 of nonce and 16 of tag still fit its body. */
export const AGENT_BYTES = {
  info: MACHINE_LIMITS.infoBytes - 28,
  meta: MACHINE_LIMITS.runMetaBytes - 28,
  entry: MACHINE_LIMITS.entryBytes - 28,
  ask: MACHINE_LIMITS.askBytes - 28,
  answer: MACHINE_LIMITS.askAnswerBytes - 28,
  call: MACHINE_LIMITS.rpcBytes - 28,
} as const;
