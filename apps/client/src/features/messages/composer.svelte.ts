import { untrack } from 'svelte';
import { LIMITS, type Account } from '@skerry/protocol';
import { bridge } from '../../state/bridge.svelte.ts';
import type { Conversation } from './conversation.svelte.ts';
import type { Emoji } from './emoji-search.ts';
import { decodeMentions } from './decode-mentions.ts';
import { emojiQuery, encodeMentions, mentionQuery, suggest, type MentionQuery } from './mentions.ts';
import { codePoints, isInFence, toggleMark, type Edit, type Mark } from './text-marks.ts';

const DRAFT_MS = 400;
/** From here on the composer says how much room is left. */
const NEARLY_FULL = 500;

/** What Enter or Tab would put in the place of what is being typed. */
export type Suggestion =
  { readonly kind: 'person'; readonly account: Account } | { readonly kind: 'emoji'; readonly emoji: Emoji };

type Query = MentionQuery & { readonly kind: Suggestion['kind'] };
type FindEmoji = (typed: string) => readonly Emoji[];

const SUGGESTED = 8;

/** The text being written in one channel: draft, mentions, what Enter means, and where it goes. */
export class Composer {
  readonly #conversation: Conversation;
  readonly #draft;
  #text = $state('');
  #query: Query | undefined = $state.raw();
  /** Comes with the first colon. */
  #findEmoji: FindEmoji | undefined = $state.raw();
  #chosen = $state(0);
  #field: HTMLTextAreaElement | undefined;
  /** The draft of a new message while a sent one is edited. */
  #aside = '';
  #isTouched = false;
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #size: number;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
    this.#draft = bridge(() => conversation.server.draft(conversation.channel));
    this.#size = $derived(codePoints(encodeMentions(this.#text, conversation.accounts)));
    // The draft may come out of storage after the field is there; what was typed meanwhile stands.
    $effect.pre(() => {
      const saved = this.#draft.current;
      untrack(() => {
        if (!this.#isTouched && conversation.writing.kind !== 'edit') this.#text = saved;
      });
    });
    $effect.pre(() => {
      const { writing } = conversation;
      untrack(() => this.#follow(writing));
    });
    $effect(() => {
      const { text, serial } = conversation.handedBack;
      if (serial > 0) untrack(() => this.#take(text));
    });
    $effect(() => () => this.saveDraft());
  }

  get text(): string {
    return this.#text;
  }
  get isEmpty(): boolean {
    return this.#text.trim() === '';
  }
  /** Characters beyond what a message may hold; negative while there is room. */
  get over(): number {
    return this.#size - LIMITS.messageText;
  }
  get isNearlyFull(): boolean {
    return this.over > -NEARLY_FULL;
  }
  get canSend(): boolean {
    const { carrier, writing } = this.#conversation;
    if (writing.kind !== 'edit' && carrier?.isLoaded === true) return carrier.isReady && this.over <= 0;
    return !this.isEmpty && this.over <= 0;
  }
  /** People or emoji that fit what is typed after an "@" or ":"; empty when it is neither. */
  get suggestions(): readonly Suggestion[] {
    const query = this.#query;
    if (query === undefined) return [];
    if (query.kind === 'emoji') return this.#findEmoji?.(query.text).map((emoji) => ({ kind: 'emoji', emoji })) ?? [];
    const accounts = suggest(this.#conversation.accounts.values(), query.text, SUGGESTED);
    return accounts.map((account) => ({ kind: 'person', account }));
  }
  get chosen(): number {
    return Math.min(this.#chosen, Math.max(0, this.suggestions.length - 1));
  }

  attach(field: HTMLTextAreaElement): () => void {
    this.#field = field;
    return () => {
      this.#field = undefined;
    };
  }

  focus(): void {
    this.#field?.focus();
  }

  /** The field changed by the person's hand. */
  typed(text: string): void {
    this.#isTouched = true;
    this.#text = text;
    this.caretMoved();
    if (this.#conversation.writing.kind === 'edit') return;
    if (text.trim() !== '') this.#conversation.server.typed(this.#conversation.channel);
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.saveDraft(), DRAFT_MS);
  }

  caretMoved(): void {
    const query = this.#queryNow();
    if (query?.text !== this.#query?.text) this.#chosen = 0;
    this.#query = query;
    if (query?.kind === 'emoji' && this.#findEmoji === undefined)
      void Promise.all([import('./emoji-data.ts'), import('./emoji-search.ts')]).then(
        ([{ EMOJI }, { searchEmoji }]) => {
          this.#findEmoji = (typed) => searchEmoji(EMOJI, typed, SUGGESTED);
        },
        () => undefined,
      );
  }

  closeSuggestions(): void {
    this.#query = undefined;
  }

  choose(step: number): void {
    const count = this.suggestions.length;
    if (count > 0) this.#chosen = (this.chosen + step + count) % count;
  }

  /** Puts the chosen suggestion, or another one of the list, into the text. */
  accept(suggestion: Suggestion | undefined = this.suggestions[this.chosen]): void {
    const query = this.#query;
    if (suggestion === undefined || query === undefined) return;
    const insert = suggestion.kind === 'person' ? `@${suggestion.account.username} ` : `${suggestion.emoji.emoji} `;
    // A space that stands there already is not doubled.
    const to = this.#text[query.to] === ' ' ? query.to + 1 : query.to;
    this.#apply({ from: query.from, to, insert, select: [query.from + insert.length, query.from + insert.length] });
    this.#query = undefined;
  }

  /** Writes at the caret: an emoji, an "@". */
  insert(text: string): void {
    const { from, to } = this.#selection();
    const before = this.#text.slice(0, from);
    const padded = text.startsWith('@') && before !== '' && !/\s$/.test(before) ? ` ${text}` : text;
    this.#apply({ from, to, insert: padded, select: [from + padded.length, from + padded.length] });
  }

  mark(mark: Mark): void {
    this.#apply(toggleMark({ text: this.#text, ...this.#selection() }, mark));
  }

  isInFence(): boolean {
    return isInFence(this.#text, this.#selection().from);
  }

  /** Sends, or saves the edit. @throws SkerryError; then the text stands again as it was. */
  async submit(): Promise<void> {
    if (!this.canSend) return;
    const { server, channel, accounts, writing, carrier } = this.#conversation;
    const written = this.#text;
    const text = encodeMentions(written.trim(), accounts);
    this.#query = undefined;
    if (writing.kind === 'edit') {
      if (this.#isSaving) return;
      this.#isSaving = true;
      try {
        if (text !== writing.message.text) await server.edit(writing.message.id, text);
        if (this.#conversation.writing === writing) this.#conversation.write({ kind: 'new' });
      } finally {
        this.#isSaving = false;
      }
      return;
    }
    this.#set('');
    this.#conversation.write({ kind: 'new' });
    try {
      const replyTo = writing.kind === 'reply' ? writing.to.id : null;
      if (carrier?.isLoaded === true) await carrier.send({ text, replyTo });
      else await server.send({ channel, text, replyTo });
    } catch (error) {
      if (this.#text === '') this.#set(written);
      this.#conversation.write(writing);
      throw error;
    }
    // Only now: a crash in between must leave the message in one place at least.
    this.saveDraft();
  }

  /** Escape: the suggestions, then the reply or edit. @returns whether there was something to leave */
  cancel(): boolean {
    if (this.suggestions.length > 0) {
      this.closeSuggestions();
      return true;
    }
    if (this.#conversation.writing.kind === 'new') return false;
    this.#conversation.write({ kind: 'new' });
    return true;
  }

  /** The person's own last message that can be edited becomes the text. @returns whether there is one */
  editLast(): boolean {
    const entry = this.#conversation.timeline.view
      .get()
      .messages.findLast(({ message }) => this.#conversation.canEdit(message));
    if (entry === undefined) return false;
    this.#conversation.write({ kind: 'edit', message: entry.message });
    return true;
  }

  saveDraft(): void {
    clearTimeout(this.#draftTimer);
    if (!this.#isTouched) return;
    const { server, channel, writing } = this.#conversation;
    const text = writing.kind === 'edit' ? this.#aside : this.#text;
    if (server.draft(channel).get() !== text) server.setDraft(channel, text);
  }

  #isEditing = false;
  /** An edit is being taken: a second Enter is not a second edit. */
  #isSaving = false;

  #follow(writing: Conversation['writing']): void {
    if (writing.kind === 'edit') {
      if (!this.#isEditing) this.#aside = this.#text;
      this.#isEditing = true;
      this.#text = decodeMentions(writing.message.text, this.#conversation.accounts);
    } else if (this.#isEditing) {
      this.#isEditing = false;
      this.#text = this.#aside;
    }
    if (writing.kind !== 'new') queueMicrotask(() => this.#focusEnd());
  }

  #take(text: string): void {
    this.#isTouched = true;
    const isAlone = this.#text.trim() === '' || this.#isEditing;
    this.#set(isAlone ? text : `${this.#text}\n${text}`);
    this.saveDraft();
    queueMicrotask(() => this.#focusEnd());
  }

  #focusEnd(): void {
    const field = this.#field;
    if (field === undefined) return;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }

  #queryNow(): Query | undefined {
    const field = this.#field;
    if (field === undefined || field.selectionStart !== field.selectionEnd) return undefined;
    const caret = field.selectionStart;
    if (isInFence(this.#text, caret)) return undefined;
    const person = mentionQuery(this.#text, caret);
    if (person !== undefined) return { kind: 'person', ...person };
    const emoji = emojiQuery(this.#text, caret);
    return emoji === undefined ? undefined : { kind: 'emoji', ...emoji };
  }

  #selection(): { from: number; to: number } {
    const end = this.#text.length;
    return { from: this.#field?.selectionStart ?? end, to: this.#field?.selectionEnd ?? end };
  }

  #apply(edit: Edit): void {
    const field = this.#field;
    if (field === undefined) return;
    field.focus();
    field.setSelectionRange(edit.from, edit.to);
    // The old command is the only one that keeps the browser's undo; it fires the input event itself.
    const isDone =
      'execCommand' in document &&
      document.execCommand(edit.insert === '' ? 'delete' : 'insertText', false, edit.insert);
    if (!isDone) {
      field.setRangeText(edit.insert, edit.from, edit.to, 'end');
      this.typed(field.value);
    }
    field.setSelectionRange(edit.select[0], edit.select[1]);
    this.caretMoved();
  }

  #set(text: string): void {
    this.#text = text;
    this.#isTouched = true;
  }
}
