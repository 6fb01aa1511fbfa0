import { parseArgs } from 'node:util';
import { parseAddress } from '@skerry/protocol';
import type { Pin } from './pin.ts';

export type Config = {
  /** Origin of the server. */
  readonly server: string;
  readonly data: string;
  /** What the server must prove to be; null: what it is on first use. */
  readonly pin: Pin | null;
  readonly discordApi: string;
  readonly json: boolean;
};

/** A wrong command line; the message is a sentence for the person. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

export const HELP = `skerry-runner --server URL --data DIR [flags]

Connects the assistants of a Skerry server to Discord. At first start it makes its keys and shows them; an admin of the
server registers them. It keeps its keys, what it knows of the server and a journal of what it sent in DIR.

  --server URL         The server: https://host, or http:// on this machine
  --data DIR           A folder of its own
  --server-id ID       The server's id and
  --server-key KEY     its key (base64url), when both are known; otherwise the first answer counts and its six words are shown
  --allow-http         Speak plain http beyond this machine
  --discord-api URL    Where Discord's REST is (https://discord.com/api)
  --json               Say things on stdout as lines of JSON
`;

const OPTIONS = {
  server: { type: 'string' },
  data: { type: 'string' },
  'server-id': { type: 'string' },
  'server-key': { type: 'string' },
  'allow-http': { type: 'boolean' },
  'discord-api': { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** @throws ConfigError */
export function parseConfig(argv: readonly string[]): Config {
  const values = read(argv);
  if (values.server === undefined || values.data === undefined)
    throw new ConfigError('--server and --data are needed.');
  const parsed = parseAddress(values.server);
  if (!parsed.ok) throw new ConfigError(`--server ${values.server} is not the address of a server.`);
  const { origin, encrypted, loopback } = parsed.address;
  if (!encrypted && !loopback && values['allow-http'] !== true)
    throw new ConfigError('Plain http beyond this machine lets others read along. Use https, or add --allow-http.');
  const discordApi = values['discord-api'] ?? 'https://discord.com/api';
  if (!URL.canParse(discordApi)) throw new ConfigError('--discord-api is not an address.');
  return { server: origin, data: values.data, pin: pinOf(values), discordApi, json: values.json ?? false };
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : 'The command line cannot be read.');
  }
}

function pinOf(values: { 'server-id'?: string | undefined; 'server-key'?: string | undefined }): Pin | null {
  const { 'server-id': serverId, 'server-key': key } = values;
  if (serverId === undefined && key === undefined) return null;
  if (serverId === undefined || key === undefined) throw new ConfigError('--server-id and --server-key go together.');
  if (!/^[A-Za-z0-9_-]{43}$/.test(key)) throw new ConfigError('--server-key is not a key.');
  return { serverId, key };
}
