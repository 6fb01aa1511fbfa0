import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  type ServerNotification,
} from '@modelcontextprotocol/sdk/types.js';
import type { AskBook } from './ask-book.ts';
import type { Closing, LocalAsk } from './local-ask.ts';
import { BadArgumentsError, type Call, parseCall, TOOLS } from './tools.ts';

export type McpOptions = {
  readonly book: AskBook;
  /** The project when an agent names none. */
  readonly cwd: string;
  /** The server whose person is asked; the first one when it is left out. */
  readonly asked?: string;
  /** How often a caller that wants to know is told that it still waits. */
  readonly progressMs: number;
  readonly now: () => number;
};

type Extra = {
  readonly signal: AbortSignal;
  readonly _meta?: { readonly progressToken?: string | number | undefined } | undefined;
  readonly sendNotification: (notification: ServerNotification) => Promise<void>;
};

/** The tools by which an agent of any kind asks its person, over the Model Context Protocol. */
export function mcpServer(options: McpOptions): Server {
  const server = new Server({ name: 'skerry', title: 'Skerry', version: '0.1.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: TOOLS }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra): Promise<CallToolResult> => {
    try {
      return await answer(parseCall(params.name, params.arguments ?? {}, options.cwd), extra, options);
    } catch (error) {
      if (!(error instanceof BadArgumentsError)) throw error;
      return { isError: true, content: [{ type: 'text', text: error.message }] };
    }
  });
  return server;
}

async function answer(call: Call, extra: Extra, { book, progressMs, now, asked }: McpOptions): Promise<CallToolResult> {
  const server = asked === undefined ? {} : { server: asked };
  const ask =
    call.tool === 'ask'
      ? await book.ask({ ...call.content, ...server }, now() + call.seconds * 1_000)
      : await book.find(call.id);
  if (ask === undefined) throw new BadArgumentsError('There is no such ask on this machine.');
  const token = extra._meta?.progressToken;
  const waitMs = Math.min(call.waitSeconds(token !== undefined) * 1_000, LONGEST_MS);
  // A caller that goes away leaves its ask open: it may only have lost its patience.
  const enough = AbortSignal.any([extra.signal, AbortSignal.timeout(waitMs)]);
  let told = 0;
  const timer = setInterval(() => {
    if (token === undefined) return;
    const message = `Waiting for the person, ask ${ask.id}`;
    void extra
      .sendNotification({
        method: 'notifications/progress',
        params: { progressToken: token, progress: ++told, message },
      })
      .catch(() => undefined);
  }, progressMs);
  try {
    const closing = await book.wait(ask, enough);
    // Whoever is gone was not told.
    if (closing !== undefined && !extra.signal.aborted) await book.take(ask);
    return resultOf(ask, closing);
  } finally {
    clearInterval(timer);
  }
}

/** Timers hold 31 bits. */
const LONGEST_MS = 2 ** 31 - 1;

function resultOf({ id, kind }: LocalAsk, closing: Closing | undefined): CallToolResult {
  const state = closing?.state ?? 'open';
  const { choice = null, text = null } = closing ?? {};
  return {
    structuredContent: { ask_id: id, state, choice, text },
    content: [{ type: 'text', text: sentence({ state, id, kind }, [choice, text]) }],
  };
}

function sentence(
  { state, id, kind }: { state: 'open' | Closing['state']; id: string; kind: LocalAsk['kind'] },
  said: readonly (string | null)[],
): string {
  switch (state) {
    case 'open':
      return `Nobody has answered yet. Call wait_for_answer with ask_id ${id}.`;
    case 'answered':
      return `The person ${kind === 'report' ? 'says about the report' : 'answers'}: ${said.filter((part) => part !== null).join('\n')}`;
    case 'cancelled':
      return 'The person does not want to answer this.';
    case 'expired':
      return 'Nobody answered in time.';
    default:
      return state satisfies never;
  }
}
