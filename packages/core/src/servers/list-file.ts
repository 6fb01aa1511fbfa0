import { LIMITS, parseAddress } from '@skerry/protocol';
import type { ServerEntry } from '../views.ts';
import { plainServerName } from './label.ts';

/** A line of an imported list: where to look, never how to get in. */
export type ListedServer = { readonly address: string; readonly label: string | null; readonly enabled: boolean };

const MOST_BYTES = 1024 * 1024;
const MOST_SERVERS = 500;

/**
 * Reads a list of servers: one of our own, or of an earlier product (`echora_servers`, `server_configs`, `server-registry`,
 * `server_url`). Tokens, accounts and everything else in it are passed over. Total: what cannot be read gives an empty list.
 */
export function readServerList(text: string): readonly ListedServer[] {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > MOST_BYTES) return [];
  const found: ListedServer[] = [];
  for (const item of itemsOf(parse(trimmed) ?? trimmed)) {
    const server = readItem(item);
    if (server !== undefined && !found.some(({ address }) => address === server.address)) found.push(server);
    if (found.length >= MOST_SERVERS) break;
  }
  return found;
}

/** Everything another device needs to find the same servers again; nothing that would let anyone in. */
export function writeServerList(entries: readonly ServerEntry[]): string {
  const servers = entries.map(({ addresses, label, name, words, enabled }) => ({
    addresses: addresses.map(({ origin }) => origin),
    label,
    name,
    words,
    enabled,
  }));
  return JSON.stringify({ skerry: 'servers', version: 1, servers }, null, 2);
}

const LISTS = ['servers', 'echora_servers', 'server_configs', 'server-registry', 'entries'];
const ADDRESSES = ['url', 'server_url', 'serverUrl', 'address', 'origin'];
const LABELS = ['label', 'name', 'alias'];

/** The items of a list, however it was wrapped; values that were stored as JSON inside of JSON are opened. */
function itemsOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string') {
    const inner = parse(value);
    return inner === undefined || typeof inner === 'string' ? [value] : itemsOf(inner);
  }
  if (Array.isArray(value)) return value;
  if (!isRecord(value)) return [];
  const lists = LISTS.filter((name) => Object.hasOwn(value, name)).flatMap((name) => itemsOf(value[name]));
  const single = typeof value['server_url'] === 'string' ? [value['server_url']] : [];
  if (lists.length > 0 || single.length > 0) return [...lists, ...single];
  return readItem(value) === undefined ? Object.values(value).filter(isRecord) : [value];
}

function readItem(item: unknown): ListedServer | undefined {
  if (typeof item === 'string') return listed(item, null, true);
  if (!isRecord(item)) return undefined;
  const address =
    ADDRESSES.map((name) => item[name]).find((value) => typeof value === 'string') ?? firstOf(item['addresses']);
  const label = LABELS.map((name) => item[name]).find((value) => typeof value === 'string' && value.trim() !== '');
  const enabled = item['isEnabled'] !== false && item['enabled'] !== false;
  return typeof address === 'string' ? listed(address, typeof label === 'string' ? label : null, enabled) : undefined;
}

/** Older addresses end in `/` or `/api`; what else has a path is no address of a server. */
function listed(address: string, label: string | null, enabled: boolean): ListedServer | undefined {
  const parsed = parseAddress(address.trim().replace(/\/(?:api\/?)?$/, ''));
  if (!parsed.ok) return undefined;
  const plain = label === null ? null : (plainServerName(label)?.slice(0, LIMITS.serverName) ?? null);
  return { address: parsed.address.origin, label: plain, enabled };
}

function firstOf(value: unknown): unknown {
  const first: unknown = Array.isArray(value) ? value[0] : undefined;
  return isRecord(first) ? first['origin'] : first;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
