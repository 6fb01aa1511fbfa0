import { createHash, randomBytes } from 'node:crypto';
import {
  type ChannelId,
  type Command,
  type CommandId,
  type CommandOf,
  encodeGroupBlock,
  encodeRoster,
  type Envelope,
  type GroupBlock,
} from '@skerry/protocol';
import type { KeyedAccount, KeyServer, TestDevice } from './keyed-account.ts';
import { freshId, type TestServer } from './test-server.ts';

/** What a device encrypted, as far as the server can tell. */
export const sealedBytes = (bytes = 32): string =>
  Buffer.concat([Buffer.of(1), randomBytes(bytes - 1)]).toString('base64url');

/** What makes a conversation is known by the id of its command. */
export type ConversationServer = KeyServer & {
  run(
    who: { readonly accessToken: string },
    command: Command,
    id: CommandId,
  ): Promise<{ readonly status: number; readonly code: string | undefined }>;
};

type Parts = Partial<Omit<CommandOf<'sealed.send'>, 'kind' | 'channel'>>;

/** An encrypted conversation of people on a real server, as their clients would lead it. */
export class Conversation<Server extends ConversationServer = TestServer> {
  readonly channel: ChannelId;
  readonly kind: 'direct' | 'group';
  members: readonly KeyedAccount<Server>[];
  /** The last block, of a group. */
  block: GroupBlock | null = null;

  private constructor(channel: ChannelId, kind: 'direct' | 'group', members: readonly KeyedAccount<Server>[]) {
    this.channel = channel;
    this.kind = kind;
    this.members = members;
  }

  static async direct<Server extends ConversationServer>(
    one: KeyedAccount<Server>,
    other: KeyedAccount<Server>,
  ): Promise<Conversation<Server>> {
    const id = freshId();
    const command = { kind: 'direct.create', account: other.id } as const;
    taken(await one.server.run(one.device, command, id));
    return new Conversation<Server>(id as string as ChannelId, 'direct', [one, other]);
  }

  static async group<Server extends ConversationServer>(
    founder: KeyedAccount<Server>,
    others: readonly KeyedAccount<Server>[],
  ): Promise<Conversation<Server>> {
    const id = freshId();
    const made = new Conversation<Server>(id as string as ChannelId, 'group', [founder, ...others]);
    const block = made.nextBlock(founder, { add: [founder, ...others] });
    taken(await founder.server.run(founder.device, { kind: 'group.create', block }, id));
    made.block = block;
    return made;
  }

  /** The block that would follow, signed by the author's device. */
  nextBlock(
    by: KeyedAccount<Server>,
    { add = [], remove = [] }: { add?: readonly KeyedAccount<Server>[]; remove?: readonly KeyedAccount<Server>[] },
    device: TestDevice = by.device,
  ): GroupBlock {
    const { serverId } = by.server.running;
    const last = this.block;
    const block = {
      channel: this.channel,
      version: (last?.version ?? 0) + 1,
      previous: last && createHash('sha256').update(encodeGroupBlock(serverId, last)).digest('base64url'),
      at: Date.now(),
      author: by.id,
      device: device.number,
      add: add.map(({ id, key }) => ({ account: id, accountKey: key.publicKey })),
      remove: remove.map(({ id }) => id),
    };
    return { ...block, signature: device.key.sign(encodeGroupBlock(serverId, block)) };
  }

  async change(
    by: KeyedAccount<Server>,
    changes: { add?: readonly KeyedAccount<Server>[]; remove?: readonly KeyedAccount<Server>[] },
  ): Promise<void> {
    const block = this.nextBlock(by, changes);
    taken(await by.server.run(by.device, { kind: 'group.change', block }, freshId()));
    this.block = block;
    const left = new Set(changes.remove);
    this.members = [...this.members.filter((member) => !left.has(member)), ...(changes.add ?? [])];
  }

  /** Whom something said now is for. SPEC E-5. */
  roster(): string {
    const members = this.members.map(({ id, list }) => ({ account: id, devices: list?.version ?? 0 }));
    const bytes = encodeRoster({ channel: this.channel, chain: this.block?.version ?? 0, members });
    return createHash('sha256').update(bytes).digest('base64url');
  }

  /** One envelope for every listed device but the sending one. */
  envelopes(from: KeyedAccount<Server>, device: TestDevice): Envelope[] {
    return this.members
      .flatMap(({ id, list }) => (list?.devices ?? []).map((listed) => ({ account: id, device: listed.device })))
      .filter((to) => to.account !== from.id || to.device !== device.number)
      .map((to) => ({ ...to, body: sealedBytes() }));
  }

  /** A post that is right in every part that is not given. */
  message(from: KeyedAccount<Server>, parts: Parts = {}, device: TestDevice = from.device): CommandOf<'sealed.send'> {
    return {
      kind: 'sealed.send',
      channel: this.channel,
      op: 'post',
      target: null,
      roster: this.roster(),
      body: this.kind === 'direct' ? null : sealedBytes(),
      envelopes: this.kind === 'direct' ? this.envelopes(from, device) : [],
      blobs: [],
      ...parts,
    };
  }

  /** Sends it. @throws Error with the code when the server refuses */
  async say(from: KeyedAccount<Server>, parts: Parts = {}, device: TestDevice = from.device): Promise<CommandId> {
    const id = freshId();
    taken(await from.server.run(device, this.message(from, parts, device), id));
    return id;
  }
}

function taken(answered: { readonly status: number; readonly code: string | undefined }): void {
  if (answered.status !== 200) throw new Error(`the command was refused: ${answered.code}`);
}
