import type { AssistantsHandle } from '@skerry/core';
import { type ChatConversation, type ChatMessage, SkerryError } from '@skerry/protocol';
import { sentenceOf } from '../../state/failure.ts';

const AGAIN_MS = 1_500;

export type ChatState = 'loading' | 'ready' | 'gone' | 'failed';

/** One test conversation while it is looked at: what was said, and the answer that is coming. */
export class ChatSession {
  readonly #server: Promise<AssistantsHandle>;
  readonly #id: string;
  readonly #signal: AbortSignal;
  #state: ChatState = $state('loading');
  #conversation: ChatConversation | undefined = $state.raw();
  #messages: readonly ChatMessage[] = $state.raw([]);
  /** What was said and is not in the messages yet. */
  #said: string | undefined = $state();
  #partial: string | undefined = $state();
  #problem: string | undefined = $state();
  #answering = $state(false);

  constructor(server: Promise<AssistantsHandle>, conversationId: string, signal: AbortSignal) {
    this.#server = server;
    this.#id = conversationId;
    this.#signal = signal;
  }

  get state(): ChatState {
    return this.#state;
  }
  get conversation(): ChatConversation | undefined {
    return this.#conversation;
  }
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }
  get said(): string | undefined {
    return this.#said;
  }
  /** The answer as far as it came; undefined while none is being made. */
  get partial(): string | undefined {
    return this.#partial;
  }
  get problem(): string | undefined {
    return this.#problem;
  }
  get isAnswering(): boolean {
    return this.#answering;
  }

  async load(): Promise<void> {
    try {
      const server = await this.#server;
      for (;;) {
        const { conversation, messages, answering } = await server.conversation(this.#id, this.#signal);
        if (this.#said !== undefined) return;
        this.#conversation = conversation;
        this.#messages = messages;
        this.#state = 'ready';
        this.#answering = answering;
        this.#problem = undefined;
        // Begun from elsewhere: its pieces go there, its end is found here.
        if (!answering || this.#signal.aborted) return;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#state = error instanceof SkerryError && error.code === 'not_found' ? 'gone' : 'failed';
      this.#problem = sentenceOf(error);
    }
  }

  /** @returns the answer; undefined when none came, and `problem` says why */
  async say(text: string): Promise<ChatMessage | undefined> {
    if (this.#answering) return undefined;
    this.#answering = true;
    this.#said = text;
    this.#partial = '';
    this.#problem = undefined;
    try {
      const server = await this.#server;
      const onText = (piece: string): void => void (this.#partial = (this.#partial ?? '') + piece);
      // Going away does not stop it: whoever comes back finds the answer.
      const answer = await server.say(this.#id, text, { onText });
      this.#said = undefined;
      await this.load();
      return answer;
    } catch (error) {
      const said = sentenceOf(error);
      // What arrived before it failed is kept by the server, and shown from there.
      this.#said = undefined;
      await this.load();
      this.#problem = said;
      return undefined;
    } finally {
      this.#partial = undefined;
      this.#answering = false;
    }
  }

  async stop(): Promise<void> {
    try {
      await (await this.#server).stopAnswer(this.#id);
    } catch (error) {
      this.#problem = sentenceOf(error);
    }
  }
}
