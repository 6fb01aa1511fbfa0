import type { AccountId, ChannelId } from '@skerry/protocol';
import type { ChannelView, ConversationView, MemberTrust, MemberView, ServerHandle, ServerView } from '@skerry/core';
import { t } from '../../i18n/t-pages.ts';
import { bridge } from '../../state/bridge.svelte.ts';
import { sayFailure } from '../../state/failure.ts';
import type { Overlays } from '../../ui/overlays.svelte.ts';
import type { Presence } from '../../ui/presence.ts';
import { type Obstacle, standingOf, type Standing } from '../../state/sealed-standing.ts';

export type SealedDialog =
  | { readonly kind: 'details' }
  | { readonly kind: 'add' }
  | { readonly kind: 'search' }
  | { readonly kind: 'safety'; readonly account: AccountId };

export type SealedSideParts = {
  readonly server: ServerHandle;
  readonly channel: ChannelId;
  readonly overlays: Overlays;
  /** To where keys are made, unlocked or brought back. */
  readonly onkeys: (obstacle: Obstacle) => void;
  /** The group was left. */
  readonly onleft: () => void;
};

/** What is particular to one encrypted conversation: who can read it, whether they are who they were, and what one may do. */
export class SealedSide {
  readonly server: ServerHandle;
  readonly channel: ChannelId;
  readonly overlays: Overlays;
  readonly onkeys: (obstacle: Obstacle) => void;
  readonly #onleft: () => void;
  readonly #state;
  readonly #keys;
  readonly #conversation;
  readonly #channels;
  readonly #accounts;
  readonly #presence;
  readonly #me;
  readonly #view;
  #dialog: SealedDialog | undefined = $state.raw();

  constructor(parts: SealedSideParts) {
    this.server = parts.server;
    this.channel = parts.channel;
    this.overlays = parts.overlays;
    this.onkeys = parts.onkeys;
    this.#onleft = parts.onleft;
    this.#state = bridge(() => this.server.sealed.state);
    this.#keys = bridge(() => this.server.keys.state);
    this.#conversation = bridge(() => this.server.sealed.conversation(this.channel));
    this.#channels = bridge(() => this.server.channels);
    this.#accounts = bridge(() => this.server.accounts);
    this.#presence = bridge(() => this.server.presence);
    this.#me = bridge(() => this.server.me);
    this.#view = bridge(() => this.server.view);
  }

  get standing(): Standing {
    return standingOf(this.#keys.current, this.#state.current);
  }
  get conversation(): ConversationView | undefined {
    return this.#conversation.current;
  }
  get view(): ChannelView | undefined {
    return this.#channels.current.find((one) => one.channel.id === this.channel);
  }
  get serverView(): ServerView {
    return this.#view.current;
  }
  get isLive(): boolean {
    return this.#view.current.state.kind === 'live';
  }
  get me(): AccountId | undefined {
    return this.#me.current?.id;
  }
  get isGroup(): boolean {
    return this.view?.channel.sealed === 'group';
  }
  /** The other person of a direct conversation. */
  get peer(): AccountId | null {
    return this.isGroup ? null : (this.conversation?.peer ?? this.view?.peer ?? null);
  }
  get title(): string {
    const verified = this.conversation?.title ?? '';
    return verified === '' ? (this.view?.channel.name ?? t.sealed.unnamed) : verified;
  }

  nameOf(account: AccountId): string {
    return this.#accounts.current.get(account)?.displayName ?? t.channels.members.unknown;
  }

  usernameOf(account: AccountId): string | undefined {
    return this.#accounts.current.get(account)?.username;
  }

  presenceOf(account: AccountId): Presence | undefined {
    return this.isLive ? (this.#presence.current.get(account) ?? 'offline') : undefined;
  }

  memberOf(account: AccountId): MemberView | undefined {
    return this.conversation?.members.find((member) => member.account === account);
  }

  trustOf(account: AccountId): MemberTrust {
    return this.memberOf(account)?.trust ?? 'unknown';
  }

  /** Whether the person may remove others here. */
  get isFounder(): boolean {
    return this.me !== undefined && this.memberOf(this.me)?.founder === true;
  }

  get dialog(): SealedDialog | undefined {
    return this.#dialog;
  }

  show(dialog: SealedDialog | undefined): void {
    this.#dialog = dialog;
  }

  /** Goes on with keys that were held back, after the person was told what that means. */
  async accept(account: AccountId): Promise<void> {
    const name = this.nameOf(account);
    const agreed = await this.overlays.confirm({
      title: t.sealed.problem.acceptAsk(name),
      text: t.sealed.problem.acceptText(name),
      confirm: t.sealed.problem.accept,
      danger: true,
    });
    if (agreed) await this.#try(() => this.server.sealed.acceptKeys(account));
  }

  async remove(account: AccountId): Promise<void> {
    const name = this.nameOf(account);
    const agreed = await this.overlays.confirm({
      title: t.sealed.details.removeAsk(name, this.title),
      text: t.sealed.details.removeText(name),
      confirm: t.sealed.details.removeConfirm,
      danger: true,
    });
    if (agreed) await this.#try(() => this.server.sealed.removeMember(this.channel, account));
  }

  async leave(): Promise<void> {
    const agreed = await this.overlays.confirm({
      title: t.sealed.details.leaveAsk(this.title),
      text: t.sealed.details.leaveText,
      confirm: t.sealed.details.leaveConfirm,
      danger: true,
    });
    if (!agreed) return;
    if (await this.#try(() => this.server.sealed.leaveGroup(this.channel))) {
      this.show(undefined);
      this.#onleft();
    }
  }

  async #try(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      sayFailure(this.overlays, error);
      return false;
    }
  }
}
