import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { LIMITS, plainName, plainText, registrationMode, type RegistrationMode } from '@skerry/protocol';
import type { AssistantsConfig } from './assistants/assistants-config.ts';
import { type Faults, NO_FAULTS, parseFaults } from './testing/kill-points.ts';
import { VOICE_FLAGS, voiceConfig, type VoiceConfig } from './voice/voice-config.ts';
import { ConfigError, type Flags, type FlagTable, readFlags } from './config-flags.ts';

export { ConfigError };

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Everything that is decided before the server starts. Nothing else reads the environment or the command line. */
export type ServerConfig = {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Folder of the database, the server's key and its backups; made when missing. */
  readonly data: string;
  /** `null`: leave what the server already has; a new server gets a default. The same for the next two. */
  readonly name: string | null;
  readonly description: string | null;
  readonly registration: RegistrationMode | null;
  readonly operator: string | null;
  /** Machine-readable lines on stdout instead of text. */
  readonly json: boolean;
  /** `null`: pages from anywhere may call (nothing is ambient); a list: only those and this server's own. */
  readonly origins: readonly string[] | null;
  /** The address of a caller is what the proxy in front says it is. */
  readonly trustProxy: boolean;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Folder of the built client, or `null` to serve none. */
  readonly client: string | null;
  readonly logLevel: LogLevel;
  /** Every rate limit is multiplied by this. */
  readonly rateScale: number;
  /** Secret shared with a program on this machine that may mint one-time sign-in codes; `null` switches them off. */
  readonly exchangeKey: string | null;
  /** Stop when stdin ends: the program that started this one is gone. */
  readonly stopWithStdin: boolean;
  readonly assistants: AssistantsConfig;
  readonly machines: boolean;
  /** Null where nobody talks. */
  readonly voice: VoiceConfig | null;
  /** For crash tests only: where the process kills itself, and which guarantee is broken on purpose. */
  readonly faults: Faults;
};

const BUILT_CLIENT = fileURLToPath(new URL('../../client/dist', import.meta.url));

export const SERVE_FLAGS = {
  port: { value: 'number', help: 'Port to listen on, 0 for any free one', fallback: '4401' },
  host: { value: 'address', help: 'Address to listen on; 0.0.0.0 for every network', fallback: '127.0.0.1' },
  data: { value: 'folder', help: 'Where the database and the key are kept', fallback: './data' },
  name: { value: 'text', help: 'Name of the server', fallback: null },
  description: { value: 'text', help: 'What it is for, one or two sentences', fallback: null },
  operator: { value: 'text', help: 'Who runs it, and how to reach them', fallback: null },
  registration: { value: 'open|invite|closed', help: 'Who may make an account', fallback: null },
  origins: { value: 'list', help: 'Only pages from these origins may call, separated by commas', fallback: null },
  'trust-proxy': { value: null, help: 'Believe X-Forwarded-For of the proxy in front', fallback: null },
  'tls-cert': { value: 'file', help: 'Certificate chain, PEM', fallback: null },
  'tls-key': { value: 'file', help: "The certificate's private key, PEM", fallback: null },
  client: { value: 'folder|none', help: 'Built client to serve, or "none"', fallback: null },
  assistants: { value: 'on|off', help: 'Whether people may have assistants in Discord guilds', fallback: 'on' },
  'discord-api': { value: 'address', help: "Where Discord's interface is", fallback: 'https://discord.com/api/v10' },
  'assistants-model-url': {
    value: 'address',
    help: 'OpenAI-compatible model for everybody; its key is SKERRY_ASSISTANTS_MODEL_KEY',
    fallback: null,
  },
  'assistants-model': { value: 'name', help: 'Which model there', fallback: null },
  machines: { value: 'on|off', help: 'Whether people may have machines that run agents', fallback: 'on' },
  ...VOICE_FLAGS,
  'rate-scale': { value: 'number', help: 'Multiplies every rate limit', fallback: '1' },
  'log-level': { value: LOG_LEVELS.join('|'), help: 'How much is logged, on stderr', fallback: 'info' },
  json: { value: null, help: 'Say where it listens as JSON lines on stdout', fallback: null },
} as const satisfies FlagTable;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Command line first, then `SKERRY_<FLAG>` of the environment, then the default.
 * @throws ConfigError with a sentence for the person: an unknown flag, a missing or a bad value
 */
export function parseConfig(argv: readonly string[], environment: Environment): ServerConfig {
  const flags = readFlags(SERVE_FLAGS, argv, environment);
  return {
    port: flags.integer('port', 0, 65_535),
    host: flags.required('host'),
    data: path.resolve(flags.required('data')),
    name: flags.matching(
      'name',
      (value) => plainName(LIMITS.serverName).safeParse(value).success,
      `1 to ${LIMITS.serverName} visible characters`,
    ),
    description: flags.matching(
      'description',
      (value) => plainText(LIMITS.serverDescription).safeParse(value).success,
      `at most ${LIMITS.serverDescription} visible characters`,
    ),
    registration: registration(flags),
    operator: flags.matching(
      'operator',
      (value) => plainText(200).safeParse(value).success,
      'at most 200 visible characters',
    ),
    json: flags.on('json'),
    origins: origins(flags),
    trustProxy: flags.on('trust-proxy'),
    tls: tls(flags),
    client: client(flags),
    logLevel: flags.oneOf('log-level', LOG_LEVELS),
    rateScale: flags.number('rate-scale', 0.01, 1_000_000),
    exchangeKey: exchangeKey(environment),
    stopWithStdin: environment['SKERRY_STOP_WITH_STDIN'] === '1',
    assistants: assistants(flags, environment),
    machines: flags.oneOf('machines', ['on', 'off']) === 'on',
    voice: voiceConfig(flags, environment),
    faults: faults(environment),
  };
}

function assistants(flags: Flags, environment: Environment): AssistantsConfig {
  const allowLoopback = environment['SKERRY_ASSISTANTS_LOOPBACK'] === '1';
  if (allowLoopback && environment['SKERRY_TESTING'] !== '1')
    throw new ConfigError('SKERRY_ASSISTANTS_LOOPBACK is for tests; it is read only together with SKERRY_TESTING=1.');
  const endpoint = flags.optional('assistants-model-url');
  const model = flags.optional('assistants-model');
  if (endpoint !== null && model === null)
    return flags.missing('assistants-model', 'goes together with --assistants-model-url');
  if (endpoint === null && model !== null)
    return flags.missing('assistants-model-url', 'goes together with --assistants-model');
  return {
    enabled: flags.oneOf('assistants', ['on', 'off']) === 'on',
    discordApi: webAddress(flags, 'discord-api', flags.required('discord-api')),
    model:
      endpoint === null || model === null
        ? null
        : {
            endpoint: webAddress(flags, 'assistants-model-url', endpoint),
            model,
            // Never a flag: a command line can be read by every program of the machine.
            key: environment['SKERRY_ASSISTANTS_MODEL_KEY'] || null,
          },
    allowLoopback,
  };
}

function webAddress(flags: Flags, flag: string, value: string): string {
  const isFine = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && !/[?#@]/.test(value);
  return isFine ? value : flags.refuse(flag, value, 'an address such as https://models.example.org/v1');
}

function registration(flags: Flags): RegistrationMode | null {
  const value = flags.optional('registration');
  if (value === null) return null;
  const read = registrationMode.safeParse(value);
  return read.success ? read.data : flags.refuse('registration', value, 'open, invite or closed');
}

function origins(flags: Flags): readonly string[] | null {
  const value = flags.optional('origins');
  if (value === null) return null;
  return value.split(',').map((entry) => {
    const typed = entry.trim();
    const url = URL.canParse(typed) ? new URL(typed) : undefined;
    // An app's own scheme has the opaque origin "null" to the URL parser; its text is then compared as it stands.
    const origin = url?.origin === 'null' ? typed : url?.origin;
    if (
      origin === undefined ||
      origin.toLowerCase() !== typed.replace(/\/$/, '').toLowerCase() ||
      !/^[a-z][a-z0-9+.-]*:\/\/[^\s/]+$/i.test(origin)
    )
      return flags.refuse('origins', typed, 'origins such as https://chat.example.org, separated by commas');
    return origin.toLowerCase();
  });
}

function tls(flags: Flags): ServerConfig['tls'] {
  const cert = flags.optional('tls-cert');
  const key = flags.optional('tls-key');
  if (cert === null && key === null) return null;
  if (cert === null) return flags.missing('tls-cert', 'goes together with --tls-key');
  if (key === null) return flags.missing('tls-key', 'goes together with --tls-cert');
  const pair = { cert: file(flags, 'tls-cert', cert), key: file(flags, 'tls-key', key) };
  try {
    createSecureContext(pair);
  } catch {
    return flags.refuse('tls-cert', cert, 'a certificate in PEM that fits the key in --tls-key');
  }
  return pair;
}

function file(flags: Flags, flag: string, name: string): Buffer {
  try {
    return readFileSync(name);
  } catch {
    return flags.refuse(flag, name, 'a file that can be read');
  }
}

function client(flags: Flags): string | null {
  const value = flags.optional('client');
  if (value === 'none') return null;
  if (value === null) return existsSync(path.join(BUILT_CLIENT, 'index.html')) ? BUILT_CLIENT : null;
  const folder = path.resolve(value);
  return existsSync(path.join(folder, 'index.html'))
    ? folder
    : flags.refuse('client', value, 'a folder with an index.html in it, or "none"');
}

/** Never a flag: a command line can be read by every program of the machine. */
function exchangeKey(environment: Environment): string | null {
  const key = environment['SKERRY_EXCHANGE_KEY'];
  if (key === undefined || key === '') return null;
  if (!/^[A-Za-z0-9_-]{43,}$/.test(key))
    throw new ConfigError('SKERRY_EXCHANGE_KEY must be at least 32 bytes as base64url.');
  return key;
}

function faults(environment: Environment): Faults {
  const killAt = environment['SKERRY_KILL_AT'] ?? null;
  const breaks = environment['SKERRY_BREAK'] ?? null;
  if (killAt === null && breaks === null) return NO_FAULTS;
  if (environment['SKERRY_TESTING'] !== '1')
    throw new ConfigError(
      'SKERRY_KILL_AT and SKERRY_BREAK harm the server on purpose; they are read only together with SKERRY_TESTING=1.',
    );
  try {
    return parseFaults(killAt, breaks);
  } catch (error) {
    throw new ConfigError(
      `SKERRY_KILL_AT or SKERRY_BREAK is not right: ${error instanceof Error ? error.message : ''}.`,
    );
  }
}
