import { ASSISTANT_LIMITS, SkerryError, type Website } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { Tx } from '../log/tx.ts';
import { type GuildOf, iso, isoOrNull, requireGuild } from './guild-rows.ts';

export type WebsiteOf = GuildOf & { readonly websiteId: string };

type Cells = {
  id: string;
  url: string;
  title: string | null;
  status: 'waiting' | 'ready' | 'failed';
  lastError: string | null;
  characters: number;
  fetchedAt: number | null;
  createdAt: number;
};

const WEBSITE = `SELECT id, url, title, status, last_error AS lastError, length(content) AS characters, fetched_at AS fetchedAt,
  created_at AS createdAt FROM server_websites WHERE account_id = ? AND server_id = ?`;

const shown = (cells: Cells): Website => ({
  ...cells,
  fetchedAt: isoOrNull(cells.fetchedAt),
  createdAt: iso(cells.createdAt),
});

/** @throws SkerryError not_found. S3.20 */
export function websitesOf(db: Statements, guild: GuildOf): Website[] {
  requireGuild(db, guild);
  return db.all<Cells>(`${WEBSITE} ORDER BY created_at, id`, guild.account, guild.serverId).map(shown);
}

/** @throws SkerryError not_found */
function websiteOf(db: Statements, { account, serverId, websiteId }: WebsiteOf): Website {
  const cells = db.get<Cells>(`${WEBSITE} AND id = ?`, account, serverId, websiteId);
  if (cells === undefined) throw new SkerryError('not_found');
  return shown(cells);
}

/** What reading a website starts from. */
export type WebsiteSource = WebsiteOf & {
  readonly url: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Something was read before, so that "not changed" is an answer. */
  readonly hasText: boolean;
};

type SourceCells = {
  account: GuildOf['account'];
  serverId: string;
  websiteId: string;
  url: string;
  etag: string | null;
  lastModified: string | null;
  hasText: number;
};
const SOURCE = `SELECT account_id AS account, server_id AS serverId, id AS websiteId, url, etag, last_modified AS lastModified,
  content <> '' AS hasText FROM server_websites`;
const source = (cells: SourceCells): WebsiteSource => ({ ...cells, hasText: cells.hasText === 1 });

/** @throws SkerryError not_found */
export function websiteSource(db: Statements, { account, serverId, websiteId }: WebsiteOf): WebsiteSource {
  const cells = db.get<SourceCells>(
    `${SOURCE} WHERE account_id = ? AND server_id = ? AND id = ?`,
    account,
    serverId,
    websiteId,
  );
  if (cells === undefined) throw new SkerryError('not_found');
  return source(cells);
}

/** What is to be read by now, the longest due first. */
export function dueWebsites(db: Statements, { now, most }: { now: number; most: number }): WebsiteSource[] {
  return db.all<SourceCells>(`${SOURCE} WHERE due_at <= ? ORDER BY due_at LIMIT ?`, now, most).map(source);
}

/** @throws SkerryError not_found, already_exists, limit_reached. S3.21 */
export function addWebsite(tx: Tx, args: { guild: GuildOf; id: string; url: string; now: number }): Website {
  const { db } = tx;
  const { account, serverId } = args.guild;
  const known = websitesOf(db, args.guild);
  if (known.some(({ url }) => url === args.url))
    throw new SkerryError('already_exists', { field: 'url', message: 'This website is there already.' });
  if (known.length >= ASSISTANT_LIMITS.websites) throw new SkerryError('limit_reached');
  db.run(
    'INSERT INTO server_websites (id, account_id, server_id, url, due_at, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    args.id,
    account,
    serverId,
    args.url,
    args.now,
    args.now,
  );
  return websiteOf(db, { account, serverId, websiteId: args.id });
}

/** @throws SkerryError not_found. S3.22 */
export function removeWebsite(tx: Tx, { account, serverId, websiteId }: WebsiteOf): null {
  websiteOf(tx.db, { account, serverId, websiteId });
  tx.db.run(
    'DELETE FROM server_websites WHERE account_id = ? AND server_id = ? AND id = ?',
    account,
    serverId,
    websiteId,
  );
  return null;
}

/** What came of reading a website. */
export type ReadWebsite =
  | {
      readonly kind: 'read';
      readonly title: string | null;
      readonly content: string;
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | { readonly kind: 'unchanged' }
  /** `erase`: its owner asks not to be read, or it is gone; what was kept goes as well. */
  | { readonly kind: 'failed'; readonly error: string; readonly erase: boolean };

/** @returns null when the website is no longer there */
export function keepWebsite(
  tx: Tx,
  { of, outcome, now, dueAt }: { of: WebsiteOf; outcome: ReadWebsite; now: number; dueAt: number },
): Website | null {
  const { db } = tx;
  const where = [of.account, of.serverId, of.websiteId] as const;
  if (!db.has('SELECT 1 FROM server_websites WHERE account_id = ? AND server_id = ? AND id = ?', ...where)) return null;
  switch (outcome.kind) {
    case 'read':
      db.run(
        `UPDATE server_websites SET status = 'ready', last_error = NULL, content = ?, etag = ?, last_modified = ?,
         fetched_at = ?, due_at = ? WHERE account_id = ? AND server_id = ? AND id = ?`,
        outcome.content,
        outcome.etag,
        outcome.lastModified,
        now,
        dueAt,
        ...where,
      );
      // On its own: only another title is news for runners.
      db.run(
        'UPDATE server_websites SET title = ? WHERE account_id = ? AND server_id = ? AND id = ? AND title IS NOT ?',
        outcome.title,
        ...where,
        outcome.title,
      );
      break;
    case 'unchanged':
      db.run(
        `UPDATE server_websites SET status = 'ready', last_error = NULL, fetched_at = ?, due_at = ?
         WHERE account_id = ? AND server_id = ? AND id = ?`,
        now,
        dueAt,
        ...where,
      );
      break;
    case 'failed':
      if (outcome.erase)
        db.run(
          `UPDATE server_websites SET content = '', etag = NULL, last_modified = NULL WHERE account_id = ? AND server_id = ? AND id = ?`,
          ...where,
        );
      db.run(
        `UPDATE server_websites SET status = iif(content = '', 'failed', 'ready'), last_error = ?, due_at = ?
         WHERE account_id = ? AND server_id = ? AND id = ?`,
        outcome.error,
        dueAt,
        ...where,
      );
      break;
  }
  return websiteOf(db, of);
}
