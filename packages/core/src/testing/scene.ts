import type { AccountId, ChannelId, Command, CommandId, CommandOf, Message, MessageId } from '@skerry/protocol';
import { settle } from './manual-clock.ts';
import { ModelServer } from './model-server.ts';
import { SyncRig, type SyncRigOptions } from './sync-rig.ts';

/** A server with two people in one public channel, and the first one's client beside it. */
export class Scene {
  readonly server: ModelServer;
  readonly anna: AccountId;
  readonly ben: AccountId;
  readonly channel: ChannelId;
  readonly rig: SyncRig;

  constructor(options: { before?: number } & Partial<Omit<SyncRigOptions, 'account'>> = {}) {
    const { before = 0, ...rest } = options;
    this.server = options.server ?? new ModelServer();
    this.anna = this.server.account('anna', 'owner');
    this.ben = this.server.account('ben');
    this.channel = this.create(this.anna, 'general');
    this.do(this.ben, { kind: 'channel.join', channel: this.channel });
    for (let i = 1; i <= before; i++) this.say(this.ben, `before ${i}`);
    this.rig = new SyncRig({ ...rest, server: this.server, account: this.anna });
  }

  do(who: AccountId, command: Command): CommandId {
    const id = this.server.id<CommandId>();
    this.server.run(who, id, command);
    return id;
  }

  say(
    who: AccountId,
    text: string,
    options: Partial<Pick<CommandOf<'message.send'>, 'channel' | 'replyTo'>> = {},
  ): MessageId {
    return this.do(who, {
      kind: 'message.send',
      channel: this.channel,
      text,
      replyTo: null,
      ...options,
    }) as string as MessageId;
  }

  create(who: AccountId, name: string, visibility: 'public' | 'private' = 'public'): ChannelId {
    return this.do(who, { kind: 'channel.create', name, topic: '', visibility, history: 'all' }) as string as ChannelId;
  }

  /** What the client's window of the channel shows. */
  async texts(channel = this.channel): Promise<readonly string[]> {
    const timeline = this.rig.entry.timeline(channel);
    await settle();
    try {
      return timeline.view.get().messages.map(({ message }) => message.text);
    } finally {
      timeline[Symbol.dispose]();
    }
  }
}

/** Makes the server give that many messages of the scene's channel, named `m1` and on, made up when they are asked for. */
export function endlessHistory({ rig, server, channel }: Scene, total: number): void {
  const model = server.messages(channel)[0];
  if (model === undefined) throw new Error('The channel needs one message to go by');
  const at = (n: number): Message => ({
    ...model,
    id: `0197f3f4-0000-7000-9000-${n.toString(16).padStart(12, '0')}` as MessageId,
    n,
    rev: n,
    text: `m${n}`,
  });
  rig.api.messages = async (_channel, { before, limit = 50 }) => {
    const to = Math.min(before ?? total + 1, total + 1);
    const from = Math.max(1, to - limit);
    return {
      head: total,
      messages: Array.from({ length: to - from }, (_, i) => at(from + i)),
      older: from > 1,
      newer: to <= total,
    };
  };
}
