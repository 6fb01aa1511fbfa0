import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ConfigError, type Flags } from '../config-flags.ts';
import type { RelayConfig } from './relay.ts';

export type VoiceConfig = {
  /** First and last port for media. */
  readonly ports: readonly [number, number];
  /** What clients are told to send to; empty: every network this machine is in. */
  readonly addresses: readonly string[];
  readonly relay: RelayConfig | null;
};

export const VOICE_FLAGS = {
  voice: { value: 'on|off', help: 'Whether people may talk in voice channels', fallback: 'off' },
  'voice-ports': {
    value: 'first-last',
    help: 'Ports for voice, UDP and TCP; one for each person',
    fallback: '4410-4509',
  },
  'voice-address': {
    value: 'list',
    help: 'IPv4 addresses people reach this machine at, separated by commas; without, those of its networks',
    fallback: null,
  },
  'voice-turn': {
    value: 'list',
    help: 'TURN servers such as turn:turn.example.org:3478, separated by commas; their secret is SKERRY_VOICE_TURN_SECRET',
    fallback: null,
  },
} as const;

/** @returns null where voice is off @throws ConfigError with a sentence for the person */
export function voiceConfig(
  flags: Flags,
  environment: Readonly<Record<string, string | undefined>>,
): VoiceConfig | null {
  const ports = portsOf(flags);
  const addresses = list(flags, 'voice-address', {
    isFine: (value) => isIPv4(value),
    expected: 'IPv4 addresses, separated by commas',
  });
  const urls = list(flags, 'voice-turn', {
    isFine: (value) =>
      value.length <= 300 && /^turns?:[A-Za-z0-9.-]+(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?$/.test(value),
    expected: 'addresses such as turn:turn.example.org:3478, separated by commas',
  });
  // Never a flag: a command line can be read by every program of the machine.
  const secret = environment['SKERRY_VOICE_TURN_SECRET'] ?? '';
  if (urls.length > 8) return flags.refuse('voice-turn', String(urls.length), 'at most eight addresses');
  if (urls.length > 0 && secret === '')
    throw new ConfigError('--voice-turn needs the secret it shares with them, in SKERRY_VOICE_TURN_SECRET.');
  if (flags.oneOf('voice', ['on', 'off']) === 'off') return null;
  return { ports, addresses, relay: urls.length === 0 ? null : { urls, secret } };
}

/** The IPv4 addresses of the networks this machine is in, or its own where it is in none. */
export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
  return outside.length === 0 ? ['127.0.0.1'] : outside;
}

function portsOf(flags: Flags): readonly [number, number] {
  const text = flags.required('voice-ports');
  const [, first = NaN, last = NaN] = (/^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []).map(Number);
  const isFine = first >= 1_024 && last <= 65_535 && last > first && last - first < 5_000;
  return isFine ? [first, last] : flags.refuse('voice-ports', text, 'a range such as 4410-4509, of at least two ports');
}

type Item = { readonly isFine: (value: string) => boolean; readonly expected: string };

function list(flags: Flags, name: string, { isFine, expected }: Item): string[] {
  const text = flags.optional(name);
  if (text === null) return [];
  const values = text.split(',').map((value) => value.trim());
  for (const value of values) if (!isFine(value)) flags.refuse(name, value, expected);
  return values;
}
