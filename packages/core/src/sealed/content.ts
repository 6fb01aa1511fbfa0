import {
  type AccountId,
  accountId,
  type BlobId,
  blobId,
  type ChannelId,
  channelId,
  channelName,
  digest,
  emoji,
  LIMITS,
  MENTION,
  type MessageId,
  messageId,
  sealedOp,
  type SealedOp,
  safeName,
} from '@skerry/protocol';

/** A file as the message that brings it describes it: whoever can read this can read the file. */
export type Attachment = {
  readonly blob: BlobId;
  /** AES-256, base64url. */
  readonly key: string;
  /** SHA-256 of the encrypted bytes, base64url. */
  readonly digest: string;
  /** Of the file itself, in bytes. */
  readonly size: number;
  readonly name: string;
  readonly type: string;
};

export type Post = {
  readonly text: string;
  readonly replyTo: MessageId | null;
  readonly mentions: readonly AccountId[];
  readonly attachments: readonly Attachment[];
};

/** What a message of an encrypted conversation says. */
export type Said =
  | ({ readonly what: 'post' } & Post)
  | { readonly what: 'edit'; readonly text: string }
  | { readonly what: 'react'; readonly emoji: string; readonly on: boolean }
  | { readonly what: 'erase' }
  | { readonly what: 'name'; readonly name: string };

/**
 * The plaintext of a message. It repeats what the server's shell says, so the server can drop, delay or repeat it, and
 * cannot move it, give it another id, or call a change a post.
 */
export type Content = {
  readonly server: string;
  readonly channel: ChannelId;
  readonly id: MessageId;
  readonly op: SealedOp;
  readonly target: MessageId | null;
  /** The version of the group's chain it was encrypted for; 0 in a direct conversation. */
  readonly chain: number;
  readonly said: Said;
};

/** The plaintext of an envelope that belongs to no message. */
export type Note = { readonly server: string } & (
  | {
      readonly what: 'senderKey';
      readonly channel: ChannelId;
      /** What `Groups.receive` takes, base64url. */
      readonly distribution: string;
    }
  /** These messages of yours could not be read here: send them again, and begin a new sender key. */
  | { readonly what: 'heal'; readonly channel: ChannelId; readonly ids: readonly MessageId[] }
  /** A message sent again. */
  | { readonly what: 'again'; readonly content: Content }
  /** These cannot be sent again. */
  | { readonly what: 'gone'; readonly channel: ChannelId; readonly ids: readonly MessageId[] }
  | { readonly what: 'receipt'; readonly channel: ChannelId; readonly n: number }
  | { readonly what: 'welcome'; readonly channel: ChannelId; readonly name: string }
  /** An own device hands over the master secret; what it holds is the key side's affair. */
  | { readonly what: 'person'; readonly rest: Record<string, unknown> }
);

export type Plain =
  { readonly kind: 'content'; readonly content: Content } | { readonly kind: 'note'; readonly note: Note };

const VERSION = 1;
/** More ids than a conversation is healed by at once. */
export const MAX_HEALED = 50;
const MAX_NAME = 200;
const MAX_TYPE = 120;
const MAX_FILE = 25 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeContent(content: Content): Uint8Array {
  return encoder.encode(JSON.stringify(flat(content)));
}

export function encodeNote(note: Note): Uint8Array {
  const { server, what, ...rest } = note;
  const fields =
    note.what === 'again' ? { content: flat(note.content) } : note.what === 'person' ? { ...note.rest } : { ...rest };
  return encoder.encode(JSON.stringify({ v: VERSION, server, what, ...fields }));
}

/** Strict: whatever another program of this version would not write is refused. @returns undefined then */
export function decodePlain(bytes: Uint8Array): Plain | undefined {
  try {
    return read(JSON.parse(decoder.decode(bytes)));
  } catch {
    return undefined;
  }
}

/** The accounts a text names. */
export function mentionsIn(text: string): readonly AccountId[] {
  const named = [...text.matchAll(MENTION)].map((found) => found[1] as AccountId);
  return [...new Set(named)].slice(0, LIMITS.mentionsPerMessage);
}

/** The op under which the server has to be told of it. */
export function opOf(said: Said): SealedOp {
  switch (said.what) {
    case 'post':
      return 'post';
    case 'erase':
      return 'delete';
    case 'edit':
    case 'react':
    case 'name':
      return 'change';
  }
}

function flat({ said, ...shell }: Content): object {
  return { v: VERSION, ...shell, ...said };
}

type Fields = Record<string, unknown>;

function read(value: unknown): Plain {
  const fields = object(value);
  if (fields['v'] !== VERSION) throw new TypeError('another version');
  return 'op' in fields ? { kind: 'content', content: readContent(fields) } : { kind: 'note', note: readNote(fields) };
}

function readContent(fields: Fields): Content {
  const { v: _v, server, channel, id, op, target, chain, ...rest } = fields;
  const content: Content = {
    server: text(server, 64),
    channel: channelId.parse(channel),
    id: messageId.parse(id),
    op: sealedOp.parse(op),
    target: target === null ? null : messageId.parse(target),
    chain: count(chain),
    said: readSaid(rest),
  };
  const { said } = content;
  const needsTarget = said.what === 'edit' || said.what === 'react' || said.what === 'erase';
  if (opOf(said) !== content.op || needsTarget !== (content.target !== null)) throw new TypeError('not what it says');
  return content;
}

function readSaid(fields: Fields): Said {
  switch (fields['what']) {
    case 'post': {
      const post = only(fields, ['what', 'text', 'replyTo', 'mentions', 'attachments']);
      const attachments = list(post['attachments'], LIMITS.blobsPerMessage).map(readAttachment);
      const said = text(post['text'], 4 * LIMITS.messageText);
      if ([...said].length > LIMITS.messageText || (said === '' && attachments.length === 0))
        throw new TypeError('length of the text');
      return {
        what: 'post',
        text: said,
        replyTo: post['replyTo'] === null ? null : messageId.parse(post['replyTo']),
        mentions: list(post['mentions'], LIMITS.mentionsPerMessage).map((one) => accountId.parse(one)),
        attachments,
      };
    }
    case 'edit': {
      const said = text(only(fields, ['what', 'text'])['text'], 4 * LIMITS.messageText);
      if (said === '' || [...said].length > LIMITS.messageText) throw new TypeError('length of the text');
      return { what: 'edit', text: said };
    }
    case 'react': {
      const react = only(fields, ['what', 'emoji', 'on']);
      if (typeof react['on'] !== 'boolean') throw new TypeError('on');
      return { what: 'react', emoji: emoji.parse(react['emoji']), on: react['on'] };
    }
    case 'erase':
      only(fields, ['what']);
      return { what: 'erase' };
    case 'name':
      return { what: 'name', name: channelName.parse(only(fields, ['what', 'name'])['name']) };
    default:
      throw new TypeError('what');
  }
}

function readNote(fields: Fields): Note {
  const { v: _v, server: named, ...rest } = fields;
  const server = text(named, 64);
  switch (rest['what']) {
    case 'senderKey': {
      const note = only(rest, ['what', 'channel', 'distribution']);
      const distribution = text(note['distribution'], 4_096);
      return { server, what: 'senderKey', channel: channelId.parse(note['channel']), distribution };
    }
    case 'heal':
    case 'gone': {
      const note = only(rest, ['what', 'channel', 'ids']);
      const ids = list(note['ids'], MAX_HEALED).map((one) => messageId.parse(one));
      return { server, what: rest['what'], channel: channelId.parse(note['channel']), ids };
    }
    case 'again': {
      const content = object(only(rest, ['what', 'content'])['content']);
      if (content['v'] !== VERSION) throw new TypeError('another version');
      return { server, what: 'again', content: readContent(content) };
    }
    case 'receipt': {
      const note = only(rest, ['what', 'channel', 'n']);
      return { server, what: 'receipt', channel: channelId.parse(note['channel']), n: count(note['n']) };
    }
    case 'welcome': {
      const note = only(rest, ['what', 'channel', 'name']);
      const name = channelName.parse(note['name']);
      return { server, what: 'welcome', channel: channelId.parse(note['channel']), name };
    }
    case 'person': {
      const { what: _what, ...handed } = rest;
      return { server, what: 'person', rest: handed };
    }
    default:
      throw new TypeError('what');
  }
}

function readAttachment(value: unknown): Attachment {
  const fields = only(object(value), ['blob', 'key', 'digest', 'size', 'name', 'type']);
  const size = count(fields['size']);
  if (size > MAX_FILE) throw new TypeError('size');
  return {
    blob: blobId.parse(fields['blob']),
    key: digest.parse(fields['key']),
    digest: digest.parse(fields['digest']),
    size,
    name: text(fields['name'], MAX_NAME),
    type: text(fields['type'], MAX_TYPE),
  };
}

/** What a sender may call a file: what it could do to a terminal or a line of text is taken out. */
export function fileName(given: string): string {
  const clean = safeName(given, '_').replaceAll(/[/\\]/g, '_').trim();
  return clean.slice(0, MAX_NAME) || 'file';
}

export function mediaType(given: string): string {
  return /^[\w.+-]{1,60}\/[\w.+-]{1,59}$/.test(given) ? given : 'application/octet-stream';
}

function object(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no object');
  return value as Fields;
}

function only(fields: Fields, names: readonly string[]): Fields {
  for (const name of Object.keys(fields)) if (!names.includes(name)) throw new TypeError(`unknown ${name}`);
  return fields;
}

function list(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw new TypeError('no list');
  return value;
}

function text(value: unknown, most: number): string {
  if (typeof value !== 'string' || value.length > most) throw new TypeError('no text');
  return value;
}

function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new TypeError('no number');
  return value as number;
}
