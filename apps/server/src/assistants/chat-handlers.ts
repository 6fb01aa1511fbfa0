import { ASSISTANT_LIMITS, type ChatLine, type ChatMessage, SkerryError } from '@skerry/protocol';
import { Lines } from '../http/lines.ts';
import type { Handlers } from '../http/router.ts';
import { newId } from '../new-id.ts';
import { finished } from './answerer.ts';
import type { AssistantDeps } from './assistant-deps.ts';
import type { ConversationOf } from './chat-rows.ts';
import { LineQueue } from './line-queue.ts';

type Route =
  | 'chatGroups'
  | 'addChatGroup'
  | 'updateChatGroup'
  | 'removeChatGroup'
  | 'addConversation'
  | 'removeConversation'
  | 'conversation'
  | 'say'
  | 'stopAnswer';

/** Turns of before that an answer is made from. */
const TURNS = 20;

/** Test chat: a person talks to their own assistant, on or off, without Discord. */
export function chatHandlers(deps: AssistantDeps): Pick<Handlers, Route> {
  const { db, limits, clock, answerer, stopping } = deps;
  /** Answers that are being made, by conversation. */
  const answering = new Map<string, AbortController>();

  return {
    chatGroups: async ({ caller, query }) => ({
      groups: await db.read('assistants.chatGroups', { account: caller.account, serverId: query.serverId ?? null }),
    }),

    addChatGroup: ({ caller, body }) =>
      db.write('assistants.addChatGroup', {
        account: caller.account,
        id: newId(clock),
        serverId: body.serverId,
        name: body.name ?? null,
      }),

    updateChatGroup: ({ caller, params, body }) =>
      db.write('assistants.updateChatGroup', {
        group: { account: caller.account, ...params },
        name: body.name,
        serverId: body.serverId,
        paneCount: body.paneCount,
      }),

    removeChatGroup: async ({ caller, params }) => {
      await db.write('assistants.removeChatGroup', { account: caller.account, ...params });
      return {};
    },

    addConversation: ({ caller, params, body }) =>
      db.write('assistants.addConversation', {
        group: { account: caller.account, ...params },
        id: newId(clock),
        title: body.title ?? null,
      }),

    removeConversation: async ({ caller, params }) => {
      await db.write('assistants.removeConversation', { account: caller.account, ...params });
      answering.get(params.conversationId)?.abort();
      return {};
    },

    conversation: async ({ caller, params }) => ({
      ...(await db.read('assistants.conversation', { account: caller.account, ...params })),
      answering: answering.has(params.conversationId),
    }),

    say: async ({ caller, params, body, wantsLines, gone }) => {
      limits.take('assistantAnswer', caller.account);
      const of = { account: caller.account, ...params };
      await db.read('assistants.conversation', of);
      if (answering.has(params.conversationId))
        throw new SkerryError('rate_limited', {
          message: 'An answer is being made. Stop it first.',
          retryAfterMs: 1_000,
        });
      const stop = new AbortController();
      answering.set(params.conversationId, stop);
      const lines = new LineQueue<ChatLine>();
      const made = reply(of, {
        text: body.text,
        stop,
        gone,
        onText: (text) => lines.push({ t: 'text', text }),
      }).finally(() => answering.delete(params.conversationId));
      if (!wantsLines) return { message: await made };
      made.then(
        (message) => {
          lines.push({ t: 'end', message });
          lines.end();
        },
        (error: unknown) => lines.fail(error),
      );
      return new Lines(lines);
    },

    stopAnswer: async ({ caller, params }) => {
      await db.read('assistants.conversation', { account: caller.account, ...params });
      const running = answering.get(params.conversationId);
      running?.abort();
      return { stopped: running !== undefined };
    },
  };

  type Said = { text: string; stop: AbortController; gone: AbortSignal; onText: (text: string) => void };

  /** Keeps what was said, and what is answered. An answer that is stopped stays as far as it came. */
  async function reply(of: ConversationOf, { text, stop, gone, onText }: Said): Promise<ChatMessage> {
    const { conversation, messages } = await db.read('assistants.conversation', of);
    const { serverId } = conversation;
    if (serverId === null)
      throw new SkerryError('bot_missing', {
        message: 'The guild of this conversation was removed. Choose another one.',
      });
    const knowledge = await db.read('assistants.knowledge', { guild: { account: of.account, serverId } });
    await db.write('assistants.addChatMessage', {
      of,
      role: 'person',
      text,
      engine: null,
      stopped: false,
      sources: [],
    });
    const signal = AbortSignal.any([stop.signal, gone, stopping]);
    const turns = messages.slice(-TURNS).map(({ role, text: said }) => ({
      by: role === 'person' ? ('person' as const) : ('self' as const),
      name: 'person',
      text: said,
    }));
    let heard = '';
    const keep = (
      answer: { text: string; engine: 'model' | 'quotes'; sources: ChatMessage['sources'] },
      stopped: boolean,
    ) => db.write('assistants.addChatMessage', { of, role: 'assistant', ...answer, stopped });
    try {
      const answer = await answerer.answer({
        account: of.account,
        knowledge,
        turns: [...turns, { by: 'person', name: 'person', text }],
        most: ASSISTANT_LIMITS.chatText,
        signal,
        onText: (delta) => {
          heard += delta;
          onText(delta);
        },
      });
      return await keep(answer, false);
    } catch (error) {
      if (!signal.aborted) throw error;
      // Half of an answer keeps to the same rules as a whole one. A-9
      const said =
        heard.trim() === '' ? '' : finished(heard, { knowledge, asked: text, most: ASSISTANT_LIMITS.chatText });
      return keep({ text: said, engine: 'model', sources: [] }, true);
    }
  }
}
