import type { AccountId, ChannelId, Message, MessageId, SealedMessage } from '@skerry/protocol';
import { type Attachment, type Content, mentionsIn, type Post } from './content.ts';
import type { SealedMark, SealedPart, SystemLine } from './face.ts';

/** Where and by whom something was said, as the server tells it and the sender's content repeats it. */
export type Shell = Omit<SealedMessage, 'body' | 'erased'>;

/** Who put or took away a reaction, and with which message: the later one counts. */
type Reacted = { readonly emoji: string; readonly account: AccountId; readonly on: boolean; readonly n: number };

/**
 * A place of an encrypted timeline, as it is kept. Changes may come in any order: of two edits, or two reactions of one
 * person with one emoji, the one with the higher number counts, and erasing is final. So the same row comes of every order.
 */
export type SealedRow = {
  readonly id: MessageId;
  readonly channel: ChannelId;
  /** Of a line between messages it is broken. */
  readonly n: number;
  readonly author: AccountId;
  readonly device: number;
  readonly at: number;
  /** Null until it is decrypted, and when it was erased. */
  readonly post: Post | null;
  readonly edit: { readonly n: number; readonly at: number; readonly text: string } | null;
  readonly reacted: readonly Reacted[];
  readonly erased: boolean;
  /** The server says that it was erased. */
  readonly dropped: boolean;
  /** Why there is no post. */
  readonly mark: Exclude<SealedMark, 'serverErased'> | null;
  readonly line: SystemLine | null;
  /** Number of its last change. */
  readonly rev: number;
};

/** A message of an encrypted conversation among those the interface knows. */
export type SealedView = Message & { readonly sealed: SealedPart };

/** Whether a message's plaintext says of its place what the server's shell does. */
export function fits(content: Omit<Content, 'chain'>, shell: Shell): boolean {
  return (
    content.channel === shell.channel &&
    content.id === shell.id &&
    content.op === shell.op &&
    content.target === shell.target
  );
}

/** A place of which only the shell is known. */
export function placeOf(shell: Shell, mark: SealedRow['mark']): SealedRow {
  const { id, channel, n, author, device, at } = shell;
  return {
    ...{ id, channel, n, author, device, at, mark },
    post: null,
    edit: null,
    reacted: [],
    erased: false,
    dropped: false,
    line: null,
    rev: n,
  };
}

/** A line between two messages. @param id names what it says, so that it is never there twice */
export function lineOf(line: SystemLine, at: { id: string; channel: ChannelId; n: number; at: number }): SealedRow {
  const author = 'by' in line ? line.by : 'account' in line ? line.account : ('' as AccountId);
  const id = at.id as MessageId;
  const shell: Shell = { ...at, id, author, device: 0, op: 'post', target: null };
  return { ...placeOf(shell, null), line };
}

export function withPost(row: SealedRow, post: Post): SealedRow {
  if (row.erased || row.post !== null) return row;
  return { ...row, post, mark: null };
}

/** The server says it no longer has it. */
export function withDropped(row: SealedRow): SealedRow {
  return row.dropped ? row : { ...row, dropped: true };
}

/** What a change makes of its target. Changes by others than its author, where only that one may, do nothing. */
export function withChange(
  row: SealedRow,
  shell: Pick<Shell, 'n' | 'at' | 'author'>,
  said: Content['said'],
): SealedRow {
  if (row.line !== null) return row;
  const rev = Math.max(row.rev, shell.n);
  if (row.erased) return said.what !== 'react' && shell.author !== row.author ? row : { ...row, rev };
  switch (said.what) {
    case 'edit':
      if (shell.author !== row.author || shell.n <= (row.edit?.n ?? row.n)) return row;
      return { ...row, edit: { n: shell.n, at: shell.at, text: said.text }, rev };
    case 'react': {
      const isSame = (one: Reacted): boolean => one.emoji === said.emoji && one.account === shell.author;
      if (row.reacted.some((one) => isSame(one) && one.n >= shell.n)) return row;
      const mine: Reacted = { emoji: said.emoji, account: shell.author, on: said.on, n: shell.n };
      return { ...row, reacted: [...row.reacted.filter((one) => !isSame(one)), mine].sort(byNumber), rev };
    }
    case 'erase':
      if (shell.author !== row.author) return row;
      return { ...row, post: null, edit: null, reacted: [], erased: true, mark: null, rev };
    case 'post':
    case 'name':
      return row;
  }
}

/** The message of a place as the interface shows it. */
export function viewOf(row: SealedRow): SealedView {
  const post = row.post;
  const text = row.edit?.text ?? post?.text ?? '';
  return {
    id: row.id,
    channel: row.channel,
    n: row.n,
    rev: row.rev,
    author: row.author,
    at: row.at,
    text,
    replyTo: post?.replyTo ?? null,
    editedAt: row.edit?.at ?? null,
    deleted: row.erased,
    mentions: [...(row.edit === null ? (post?.mentions ?? []) : mentionsIn(row.edit.text))],
    reactions: reactionsOf(row.reacted),
    sealed: { mark: markOf(row), system: row.line, attachments: (post?.attachments ?? []).map(shown) },
  };
}

function markOf({ erased, dropped, line, post, edit, mark }: SealedRow): SealedMark | null {
  if (erased || line !== null) return null;
  if (dropped) return 'serverErased';
  return post === null && edit === null ? (mark ?? 'lost') : null;
}

function shown({ blob, name, type, size }: Attachment): SealedPart['attachments'][number] {
  return { blob, name, type, size };
}

function reactionsOf(reacted: readonly Reacted[]): Message['reactions'] {
  const byEmoji = new Map<string, AccountId[]>();
  for (const { emoji, account, on } of reacted) if (on) byEmoji.set(emoji, [...(byEmoji.get(emoji) ?? []), account]);
  return [...byEmoji].map(([emoji, accounts]) => ({ emoji, accounts }));
}

function byNumber(a: Reacted, b: Reacted): number {
  return a.n - b.n;
}
