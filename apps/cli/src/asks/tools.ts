import { ASK_LIMITS, type AskContent, CONFIRM, GO_ON } from './local-ask.ts';

const about = {
  timeout_seconds: {
    type: 'integer',
    minimum: ASK_LIMITS.leastSeconds,
    maximum: ASK_LIMITS.mostSeconds,
    default: 24 * 3_600,
    description: 'After this long without an answer the ask is over',
  },
  project_folder: { type: 'string', maxLength: ASK_LIMITS.folder, description: 'The folder you work in' },
  agent_name: { type: 'string', maxLength: ASK_LIMITS.agent, description: 'What you are called' },
} as const;

/** Seconds that a call waits by itself when its caller did not ask to be told of progress. */
const WAIT = 50;
const waiting = {
  wait_seconds: {
    type: 'integer',
    minimum: 0,
    maximum: ASK_LIMITS.mostSeconds,
    description: `Come back without an answer after this long; the ask stays open (${WAIT}, or as long as it takes for callers that want progress notices)`,
  },
} as const;

export const TOOLS = [
  {
    name: 'ask_question',
    title: 'Ask the person',
    description:
      'Asks the person you work for and waits for the answer. When the result says "open", call wait_for_answer with its ask_id.',
    inputSchema: {
      type: 'object' as const,
      properties: {
        question: { type: 'string', minLength: 1, maxLength: ASK_LIMITS.text },
        choices: {
          type: 'array',
          maxItems: ASK_LIMITS.choices,
          items: { type: 'string', minLength: 1, maxLength: ASK_LIMITS.choice },
          description: 'Answers to choose from; the person may also answer in words',
        },
        ...about,
        ...waiting,
      },
      required: ['question'],
      additionalProperties: false,
    },
  },
  {
    name: 'work_report',
    title: 'Report to the person',
    description:
      'Reports what you have done. The person confirms it, or says how to go on. When the result says "open", call wait_for_answer.',
    inputSchema: {
      type: 'object' as const,
      properties: { report: { type: 'string', minLength: 1, maxLength: ASK_LIMITS.text }, ...about, ...waiting },
      required: ['report'],
      additionalProperties: false,
    },
  },
  {
    name: 'wait_for_answer',
    title: 'Wait for the answer',
    description: 'Waits on for the answer to an earlier question or report.',
    inputSchema: {
      type: 'object' as const,
      properties: { ask_id: { type: 'string', maxLength: 64 }, ...waiting },
      required: ['ask_id'],
      additionalProperties: false,
    },
  },
];

/** The arguments do not fit the tool. The message is a sentence for the agent. */
export class BadArgumentsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadArgumentsError';
  }
}

export type Call = (
  | { readonly tool: 'ask'; readonly content: AskContent; readonly seconds: number }
  | { readonly tool: 'wait'; readonly id: string }
) & { readonly waitSeconds: (wantsProgress: boolean) => number };

/** Reads a call of one of {@link TOOLS}. @throws BadArgumentsError */
export function parseCall(name: string, given: Record<string, unknown>, cwd: string): Call {
  const tool = TOOLS.find((known) => known.name === name);
  if (tool === undefined) throw new BadArgumentsError(`There is no tool ${name}.`);
  const read = new Arguments(given, Object.keys(tool.inputSchema.properties));
  const wait = read.integer('wait_seconds', { least: 0, fallback: -1 });
  const waitSeconds = (wantsProgress: boolean) => (wait >= 0 ? wait : wantsProgress ? ASK_LIMITS.mostSeconds : WAIT);
  if (name === 'wait_for_answer') return { tool: 'wait', id: read.text('ask_id', 64), waitSeconds };
  const isReport = name === 'work_report';
  const content: AskContent = {
    kind: isReport ? 'report' : 'question',
    text: read.text(isReport ? 'report' : 'question', ASK_LIMITS.text),
    choices: isReport ? [CONFIRM, GO_ON] : read.choices(),
    folder: read.text('project_folder', ASK_LIMITS.folder, cwd),
    agent: read.text('agent_name', ASK_LIMITS.agent, 'An agent'),
  };
  const seconds = read.integer('timeout_seconds', { least: ASK_LIMITS.leastSeconds, fallback: 24 * 3_600 });
  return { tool: 'ask', content, seconds, waitSeconds };
}

class Arguments {
  readonly #given: Record<string, unknown>;

  constructor(given: Record<string, unknown>, known: readonly string[]) {
    const unknown = Object.keys(given).find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new BadArgumentsError(`There is no argument ${unknown}; there are ${known.join(', ')}.`);
    this.#given = given;
  }

  text(name: string, most: number, fallback?: string): string {
    const value = this.#given[name] ?? fallback;
    if (typeof value !== 'string' || value.trim() === '' || value.length > most)
      throw new BadArgumentsError(`${name} must be a text of 1 to ${most} characters.`);
    return value;
  }

  integer(name: string, { least, fallback }: { least: number; fallback: number }): number {
    const value = this.#given[name];
    if (value === undefined) return fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > ASK_LIMITS.mostSeconds)
      throw new BadArgumentsError(`${name} must be a whole number from ${least} to ${ASK_LIMITS.mostSeconds}.`);
    return value;
  }

  choices(): readonly string[] {
    const value = this.#given['choices'] ?? [];
    const isFine =
      Array.isArray(value) &&
      value.length <= ASK_LIMITS.choices &&
      value.every((one) => typeof one === 'string' && one.trim() !== '' && one.length <= ASK_LIMITS.choice) &&
      new Set(value).size === value.length;
    if (!isFine)
      throw new BadArgumentsError(
        `choices must be at most ${ASK_LIMITS.choices} different texts of 1 to ${ASK_LIMITS.choice} characters.`,
      );
    return value as string[];
  }
}
