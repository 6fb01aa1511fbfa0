import type { Command, CommandId, CommandResult } from '@skerry/protocol';
import { SignalClient } from '../sealed/signal-client.ts';
import { ContextKeys, type ContextKeysDeps } from './context-keys.ts';

export type ContextCryptoDeps = ContextKeysDeps & {
  /** A command over the socket, where there is one. */
  readonly run: (id: CommandId, command: Command, signal: AbortSignal) => Promise<CommandResult>;
  readonly isLive: () => boolean;
};

/**
 * The keys of one server context and the encrypted conversations built on them: everything that encrypts is loaded with
 * this file, by {@link LateCrypto} alone.
 */
export class ContextCrypto implements AsyncDisposable {
  readonly keys: ContextKeys;
  readonly conversations: SignalClient;

  constructor(deps: ContextCryptoDeps) {
    const { platform, api, kept, run, isLive } = deps;
    this.keys = new ContextKeys(deps);
    const { ring, state } = this.keys;
    this.conversations = new SignalClient({ platform, api, run, keys: { ring, state }, kept, isLive });
    void this.conversations.initialize();
  }

  /** Backwards: conversations need keys. S4.25 */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.conversations[Symbol.asyncDispose]();
    await this.keys[Symbol.asyncDispose]();
  }
}
