import type { Account, AccountId, ChannelId, Message, MessageId } from '@skerry/protocol';
import type { ChannelView, ConnectionState, PendingMessage, ServerHandle, ServerView, Timeline } from '@skerry/core';
import { bridge } from '../../state/bridge.svelte.ts';
import { obstacleOf, standingOf } from '../../state/sealed-standing.ts';
import { t } from '../../i18n/t.ts';
import type { MarkdownScope } from '../../ui/markdown/scope.ts';
import { excerpt } from '../../ui/markdown/excerpt.ts';
import { decodeMentions } from './decode-mentions.ts';
import type { Carrier, ConversationSlots } from './slots.ts';

/** What the composer is writing. */
export type Writing =
  | { readonly kind: 'new' }
  | { readonly kind: 'reply'; readonly to: Message }
  | { readonly kind: 'edit'; readonly message: Message };

export type ConversationParts = {
  readonly server: ServerHandle;
  readonly channel: ChannelId;
  readonly timeline: Timeline;
  /** A link in a message was pressed; goes through the one gate. */
  readonly openLink: (href: string) => void;
  /** A person was pressed: in a mention, or at the head of a message. */
  readonly openPerson: (account: AccountId, anchor: HTMLElement) => void;
  /** What goes with a message besides its text; undefined where only text can be sent. */
  readonly carrier?: Carrier | undefined;
  /** What this kind of conversation shows more than others. */
  readonly slots?: ConversationSlots | undefined;
};

const QUOTE_MS = 20_000;
const MODERATORS: readonly string[] = ['owner', 'admin', 'moderator'];

/** One channel of one server as its timeline and composer see it. What is done here goes to that server alone. */
export class Conversation implements MarkdownScope {
  readonly server: ServerHandle;
  readonly channel: ChannelId;
  readonly timeline: Timeline;
  readonly openLink: (href: string) => void;
  readonly carrier: Carrier | undefined;
  readonly slots: ConversationSlots | undefined;
  readonly #openPerson: ConversationParts['openPerson'];
  readonly #accounts;
  readonly #me;
  readonly #channels;
  readonly #view;
  readonly #sealed;
  readonly #keys;
  readonly #quoted = new Map<MessageId, Promise<Message | undefined>>();
  #writing: Writing = $state.raw({ kind: 'new' });
  /** The message for which an emoji is being chosen. */
  #picking: MessageId | undefined = $state();
  /** Text that the composer takes over: what an unsent message said. */
  #handedBack: { readonly text: string; readonly serial: number } = $state.raw({ text: '', serial: 0 });

  constructor(parts: ConversationParts) {
    this.server = parts.server;
    this.channel = parts.channel;
    this.timeline = parts.timeline;
    this.openLink = parts.openLink;
    this.carrier = parts.carrier;
    this.slots = parts.slots;
    this.#openPerson = parts.openPerson;
    this.#accounts = bridge(() => this.server.accounts);
    this.#me = bridge(() => this.server.me);
    this.#channels = bridge(() => this.server.channels);
    this.#view = bridge(() => this.server.view);
    this.#sealed = bridge(() => this.server.sealed.state);
    this.#keys = bridge(() => this.server.keys.state);
  }

  get accounts(): ReadonlyMap<AccountId, Account> {
    return this.#accounts.current;
  }

  get me(): Account | undefined {
    return this.#me.current;
  }

  get serverView(): ServerView {
    return this.#view.current;
  }

  get state(): ConnectionState {
    return this.#view.current.state;
  }

  get channelView(): ChannelView | undefined {
    return this.#channels.current.find((view) => view.channel.id === this.channel);
  }

  /** Encrypted for its members: the server cannot read it. */
  get isSealed(): boolean {
    return this.channelView?.channel.sealed !== undefined;
  }

  /** "#product": how the channel is called in sentences. An encrypted conversation is called by its people, or its name. */
  get place(): string {
    return `${this.isSealed ? '' : '#'}${this.channelView?.channel.name ?? '…'}`;
  }

  get isArchived(): boolean {
    return this.channelView?.channel.archived === true;
  }

  /** Whether something may be changed here at all. */
  get canWrite(): boolean {
    if (this.isSealed && obstacleOf(standingOf(this.#keys.current, this.#sealed.current)) !== undefined) return false;
    return this.channelView?.member === true && !this.isArchived && this.me !== undefined && this.me.disabled === false;
  }

  get writing(): Writing {
    return this.#writing;
  }

  get handedBack(): { readonly text: string; readonly serial: number } {
    return this.#handedBack;
  }

  write(writing: Writing): void {
    this.#writing = writing;
  }

  get picking(): MessageId | undefined {
    return this.#picking;
  }

  pick(message: MessageId | undefined): void {
    this.#picking = message;
  }

  nameOf(id: AccountId): string {
    return this.accounts.get(id)?.displayName ?? t.channels.members.unknown;
  }

  isMine(message: Message): boolean {
    return message.author === this.me?.id;
  }

  canEdit(message: Message): boolean {
    return this.canWrite && !message.deleted && this.isMine(message);
  }

  canDelete(message: Message): boolean {
    if (!this.canWrite || message.deleted) return false;
    // What nobody but its author may take back in an encrypted conversation, no role of the server takes back.
    return this.isMine(message) || (!this.isSealed && MODERATORS.includes(this.me?.role ?? ''));
  }

  /** One line of a message, for quotes and announcements. */
  lineOf(message: Message, max = 140): string {
    if (this.isSealed && message.text === '' && !message.deleted) return t.messages.withoutText;
    return message.deleted
      ? t.messages.deleted
      : excerpt(message.text, (id) => this.accounts.get(id as AccountId)?.displayName, max);
  }

  person(account: string): { readonly name: string; readonly isMe: boolean } | undefined {
    const known = this.accounts.get(account as AccountId);
    return known === undefined ? undefined : { name: known.displayName, isMe: known.id === this.me?.id };
  }

  openPerson(account: string, anchor: HTMLElement): void {
    this.#openPerson(account as AccountId, anchor);
  }

  /**
   * The message a reply answers, from outside of what is shown; undefined when it is gone or may not be seen. Asked for
   * once in a while and not kept for longer: it may be edited or deleted, and nobody tells of that.
   */
  quoted(id: MessageId): Promise<Message | undefined> {
    const known = this.#quoted.get(id);
    if (known !== undefined) return known;
    const asked = this.timeline.find(id).then(
      (found) => found?.message,
      () => undefined,
    );
    this.#quoted.set(id, asked);
    setTimeout(() => this.#quoted.delete(id), QUOTE_MS);
    return asked;
  }

  async toggleReaction(message: Message, emoji: string): Promise<void> {
    const mine = message.reactions.some((reaction) => reaction.emoji === emoji && this.#isIn(reaction.accounts));
    await this.server.react(message.id, emoji, !mine);
  }

  hasReacted(accounts: readonly AccountId[]): boolean {
    return this.#isIn(accounts);
  }

  /** Takes what was not sent back into the composer: a message, or an edit that was refused. Nothing when it was sent meanwhile. */
  async editPending(pending: PendingMessage): Promise<void> {
    const text = await this.server.takeBack(pending.id);
    if (text === undefined) return;
    const about = pending.edits ?? pending.replyTo;
    const message = about === null ? undefined : await this.quoted(about);
    if (message === undefined) this.#writing = { kind: 'new' };
    else this.#writing = pending.edits === null ? { kind: 'reply', to: message } : { kind: 'edit', message };
    this.#handedBack = { text: decodeMentions(text, this.accounts), serial: this.#handedBack.serial + 1 };
  }

  #isIn(accounts: readonly AccountId[]): boolean {
    return this.me !== undefined && accounts.includes(this.me.id);
  }
}
