/** A person as a mention shows them. */
export type MentionedPerson = { readonly name: string; readonly isMe: boolean };

/** What the text of a message needs from where it stands. */
export interface MarkdownScope {
  /** Undefined for somebody this server does not know (any more). */
  person(account: string): MentionedPerson | undefined;
  /** A mention was pressed. */
  openPerson(account: string, anchor: HTMLElement): void;
  /** A link was pressed; goes through the one gate. */
  openLink(href: string): void;
}
