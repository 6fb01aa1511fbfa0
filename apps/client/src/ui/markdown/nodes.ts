type Marked<Kind> = { readonly kind: Kind; readonly children: readonly Inline[] };

/** A message as a tree. Only these kinds exist, so nothing else can reach the page. */
export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'break' }
  | { readonly kind: 'code'; readonly text: string }
  | Marked<'strong'>
  | Marked<'em'>
  | Marked<'strike'>
  | {
      readonly kind: 'link';
      readonly href: string;
      /** Where it leads. */
      readonly host: string;
      /** The words hide or imitate where it leads, so the host is written beside them. */
      readonly showHost: boolean;
      readonly children: readonly Inline[];
    }
  | { readonly kind: 'mention'; readonly account: string };

export type Block =
  | { readonly kind: 'paragraph'; readonly children: readonly Inline[] }
  | { readonly kind: 'quote'; readonly children: readonly Block[] }
  | {
      readonly kind: 'list';
      readonly ordered: boolean;
      readonly start: number;
      readonly items: readonly (readonly Block[])[];
    }
  | { readonly kind: 'code'; readonly language: string; readonly text: string };

export type Document = {
  readonly blocks: readonly Block[];
  /** Nothing but a few emoji: drawn larger. */
  readonly emojiOnly: boolean;
};
