import { ASSISTANT_LIMITS, type GuildConfig, type GuildUpdate, guildTexts } from '@skerry/protocol';

export const DRAFT_FIELDS = ['botName', 'information', 'rules', 'personality'] as const;
export type DraftField = (typeof DRAFT_FIELDS)[number];
export type DraftProblem = 'empty' | 'over' | 'unsafe';

/** What the person has written over an assistant's texts and not saved. Fields they left alone follow the server. */
export class GuildDraft {
  #saved: GuildConfig;
  #typed: Partial<Record<DraftField, string>> = $state.raw({});
  /** What the server had when the person began to write. */
  #began: GuildConfig | undefined = $state.raw();

  constructor(saved: GuildConfig) {
    this.#saved = $state.raw(saved);
  }

  /** The server's texts are these now. */
  follow(saved: GuildConfig): void {
    this.#saved = saved;
    for (const field of this.changed) if (this.#typed[field] === saved[field]) this.set(field, saved[field]);
  }

  value(field: DraftField): string {
    return this.#typed[field] ?? this.#saved[field];
  }

  set(field: DraftField, text: string): void {
    const rest = { ...this.#typed };
    delete rest[field];
    const typed = text === this.#saved[field] ? rest : { ...rest, [field]: text };
    if (Object.keys(typed).length === 0) this.#began = undefined;
    else this.#began ??= this.#saved;
    this.#typed = typed;
  }

  get changed(): readonly DraftField[] {
    return DRAFT_FIELDS.filter((field) => this.#typed[field] !== undefined);
  }

  get isChanged(): boolean {
    return this.changed.length > 0;
  }

  /** Somebody saved one of these fields elsewhere since the person began. */
  get isOverwriting(): boolean {
    return this.changed.some((field) => this.#began !== undefined && this.#began[field] !== this.#saved[field]);
  }

  /** By the rules the server reads with. */
  problem(field: DraftField): DraftProblem | undefined {
    const text = this.#sent(field);
    if (text.length > ASSISTANT_LIMITS[field]) return 'over';
    if (field === 'botName' && text === '') return 'empty';
    return guildTexts[field].safeParse(text).success ? undefined : 'unsafe';
  }

  get canBeSaved(): boolean {
    return this.isChanged && DRAFT_FIELDS.every((field) => this.problem(field) === undefined);
  }

  /** What the server has to be told: nothing that was left alone. */
  get update(): GuildUpdate {
    return Object.fromEntries(this.changed.map((field) => [field, this.#sent(field)]));
  }

  discard(): void {
    this.#typed = {};
    this.#began = undefined;
  }

  #sent(field: DraftField): string {
    const text = this.value(field);
    return field === 'botName' ? text.trim() : text;
  }
}
