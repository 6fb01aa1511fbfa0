import {
  type AccountId,
  ASSISTANT_LIMITS,
  type ChatConversation,
  type ChatGroup,
  type ChatMessage,
  SkerryError,
} from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { Tx } from '../log/tx.ts';
import { iso, requireGuild } from './guild-rows.ts';

type GroupCells = Omit<ChatGroup, 'createdAt' | 'updatedAt' | 'conversations'> & {
  createdAt: number;
  updatedAt: number;
};
type ConversationCells = Omit<ChatConversation, 'createdAt' | 'updatedAt'> & { createdAt: number; updatedAt: number };

const GROUP = `SELECT id, server_id AS serverId, name, pane_count AS paneCount, created_at AS createdAt, updated_at AS updatedAt
  FROM chat_groups WHERE account_id = ?`;
const CONVERSATION = `SELECT id, group_id AS groupId, server_id AS serverId, title, created_at AS createdAt, updated_at AS updatedAt
  FROM chat_conversations WHERE account_id = ?`;

const times = <C extends { createdAt: number; updatedAt: number }>(cells: C) => ({
  ...cells,
  createdAt: iso(cells.createdAt),
  updatedAt: iso(cells.updatedAt),
});

function group(db: Statements, account: AccountId, cells: GroupCells): ChatGroup {
  const conversations = db.all<ConversationCells>(
    `${CONVERSATION} AND group_id = ? ORDER BY created_at DESC, id DESC LIMIT ${ASSISTANT_LIMITS.conversationsPerGroup}`,
    account,
    cells.id,
  );
  return { ...times(cells), conversations: conversations.map(times) };
}

/** Groups of one guild or of all, the last used first. S3.32, S3.34 */
export function chatGroups(
  db: Statements,
  { account, serverId }: { account: AccountId; serverId: string | null },
): ChatGroup[] {
  if (serverId !== null) requireGuild(db, { account, serverId });
  const rows = db.all<GroupCells>(
    `${GROUP} AND (? IS NULL OR server_id = ?) ORDER BY updated_at DESC, id DESC LIMIT ${ASSISTANT_LIMITS.groups}`,
    account,
    serverId,
    serverId,
  );
  return rows.map((cells) => group(db, account, cells));
}

type GroupOf = { readonly account: AccountId; readonly groupId: string };

function groupOf(db: Statements, { account, groupId }: GroupOf): ChatGroup {
  const cells = db.get<GroupCells>(`${GROUP} AND id = ?`, account, groupId);
  if (cells === undefined) throw new SkerryError('not_found');
  return group(db, account, cells);
}

type NewGroup = {
  readonly account: AccountId;
  readonly id: string;
  readonly serverId: string;
  readonly name: string | null;
};

/** @throws SkerryError not_found, limit_reached. S3.33 */
export function addChatGroup(tx: Tx, { account, id, serverId, name }: NewGroup): ChatGroup {
  const { db, now } = tx;
  requireGuild(db, { account, serverId });
  if (
    (db.value<number>('SELECT count(*) FROM chat_groups WHERE account_id = ?', account) ?? 0) >= ASSISTANT_LIMITS.groups
  )
    throw new SkerryError('limit_reached');
  db.run(
    'INSERT INTO chat_groups (id, account_id, server_id, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
    id,
    account,
    serverId,
    name,
    now,
    now,
  );
  return groupOf(db, { account, groupId: id });
}

type GroupChange = {
  readonly group: GroupOf;
  readonly name: string | null | undefined;
  readonly serverId: string | undefined;
  readonly paneCount: number | undefined;
};

/** A group tied to another guild takes its conversations along. @throws SkerryError not_found */
export function updateChatGroup(tx: Tx, change: GroupChange): ChatGroup {
  const { db, now } = tx;
  const { account, groupId } = change.group;
  const before = groupOf(db, change.group);
  const serverId = change.serverId ?? before.serverId;
  if (change.serverId !== undefined) requireGuild(db, { account, serverId: change.serverId });
  db.run(
    'UPDATE chat_groups SET name = ?, server_id = ?, pane_count = ?, updated_at = ? WHERE id = ?',
    change.name === undefined ? before.name : change.name,
    serverId,
    change.paneCount ?? before.paneCount,
    now,
    groupId,
  );
  db.run('UPDATE chat_conversations SET server_id = ? WHERE group_id = ?', serverId, groupId);
  return groupOf(db, change.group);
}

/** @throws SkerryError not_found */
export function removeChatGroup(tx: Tx, of: GroupOf): null {
  groupOf(tx.db, of);
  tx.db.run('DELETE FROM chat_groups WHERE id = ? AND account_id = ?', of.groupId, of.account);
  return null;
}

/** @throws SkerryError not_found, limit_reached */
export function addConversation(
  tx: Tx,
  { group: of, id, title }: { group: GroupOf; id: string; title: string | null },
): ChatConversation {
  const { db, now } = tx;
  const { serverId, conversations } = groupOf(db, of);
  if (conversations.length >= ASSISTANT_LIMITS.conversationsPerGroup) throw new SkerryError('limit_reached');
  db.run(
    'INSERT INTO chat_conversations (id, group_id, account_id, server_id, title, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    id,
    of.groupId,
    of.account,
    serverId,
    title,
    now,
    now,
  );
  return conversationOf(db, { account: of.account, conversationId: id });
}

export type ConversationOf = { readonly account: AccountId; readonly conversationId: string };

/** @throws SkerryError not_found */
function conversationOf(db: Statements, { account, conversationId }: ConversationOf): ChatConversation {
  const cells = db.get<ConversationCells>(`${CONVERSATION} AND id = ?`, account, conversationId);
  if (cells === undefined) throw new SkerryError('not_found');
  return times(cells);
}

/** @throws SkerryError not_found */
export function removeConversation(tx: Tx, of: ConversationOf): null {
  conversationOf(tx.db, of);
  tx.db.run('DELETE FROM chat_conversations WHERE id = ? AND account_id = ?', of.conversationId, of.account);
  return null;
}

type MessageCells = {
  n: number;
  role: 'person' | 'assistant';
  text: string;
  at: number;
  engine: 'model' | 'quotes' | null;
  stopped: number;
  sources: string;
};
const shown = ({ at, stopped, sources, ...rest }: MessageCells): ChatMessage => ({
  ...rest,
  at: iso(at),
  stopped: stopped === 1,
  sources: JSON.parse(sources) as ChatMessage['sources'],
});

/** Everything of one conversation. @throws SkerryError not_found */
export function conversation(
  db: Statements,
  of: ConversationOf,
): { conversation: ChatConversation; messages: ChatMessage[] } {
  const found = conversationOf(db, of);
  const messages = db.all<MessageCells>(
    `SELECT n, role, text, at, engine, stopped, sources FROM chat_messages WHERE conversation_id = ? ORDER BY n LIMIT ${ASSISTANT_LIMITS.messagesPerConversation}`,
    of.conversationId,
  );
  return { conversation: found, messages: messages.map(shown) };
}

export type NewMessage = {
  readonly of: ConversationOf;
  readonly role: 'person' | 'assistant';
  readonly text: string;
  readonly engine: 'model' | 'quotes' | null;
  readonly stopped: boolean;
  readonly sources: ChatMessage['sources'];
};

/** @throws SkerryError not_found, limit_reached */
export function addChatMessage(tx: Tx, { of, role, text, engine, stopped, sources }: NewMessage): ChatMessage {
  const { db, now } = tx;
  const { groupId } = conversationOf(db, of);
  const n =
    (db.value<number | null>('SELECT max(n) FROM chat_messages WHERE conversation_id = ?', of.conversationId) ?? 0) + 1;
  // The answer to the last thing a person could say still fits.
  if (n > ASSISTANT_LIMITS.messagesPerConversation - (role === 'person' ? 1 : 0))
    throw new SkerryError('limit_reached');
  const row = { n, role, text, at: now, engine, stopped: stopped ? 1 : 0, sources: JSON.stringify(sources) };
  db.run(
    'INSERT INTO chat_messages (conversation_id, n, role, text, at, engine, stopped, sources) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    of.conversationId,
    n,
    role,
    text,
    now,
    engine,
    row.stopped,
    row.sources,
  );
  db.run('UPDATE chat_conversations SET updated_at = ? WHERE id = ?', now, of.conversationId);
  db.run('UPDATE chat_groups SET updated_at = ? WHERE id = ?', now, groupId);
  return shown(row);
}
