import { SkerryError } from '@skerry/protocol';
import { VOICE_LIMITS } from '@skerry/protocol/voice';

/** A client's description of its session, as far as it is used. */
export type Offer = {
  /** Without the candidates the client may have put in: the server sends to nobody who did not speak to it first. */
  readonly sdp: string;
  /** The section a microphone is sent in, if there is one. */
  readonly mic: string | null;
  /** Sections in which others can be heard, in order. */
  readonly slots: readonly string[];
};

const LINE = /^[a-z]=[\x20-\x7e]{1,1000}$/;
const MID = /^[A-Za-z0-9_-]{1,16}$/;
/** Most lines of one media section, and of what stands before the first. */
const MOST_LINES = 120;
/** Candidates; and simulcast, redundancy streams, everything that would make sources beyond the one of a section. */
const DROPPED = /^a=(?:candidate:|end-of-candidates|remote-candidates:|rid:|simulcast:|ssrc-group:|rtcp-fb:)/;

type Section = { readonly mid: string; readonly sends: boolean; readonly receives: boolean };

/**
 * Reads an offer strictly, so that what goes on to the WebRTC library has the shape it expects.
 * @throws SkerryError bad_request
 */
export function readOffer(text: string): Offer {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (lines[0] !== 'v=0' || !lines.every((line) => LINE.test(line))) throw refused('it is no session description');
  const starts = lines.flatMap((line, at) => (line.startsWith('m=') ? [at] : []));
  if (starts.length === 0 || starts.length > VOICE_LIMITS.slots + 1)
    throw refused('it has too few or too many sections');
  const head = lines.slice(0, starts[0]);
  const bodies = starts.map((start, index) => lines.slice(start, starts[index + 1]));
  if ([head, ...bodies].some((part) => part.length > MOST_LINES)) throw refused('a section is too long');
  const sections = bodies.map((body) => readSection(head, body));
  const mids = sections.map(({ mid }) => mid);
  if (new Set(mids).size !== mids.length) throw refused('two sections have one name');
  const bundle = valueOf(head, 'group:BUNDLE')?.split(' ') ?? [];
  if (!mids.every((mid) => bundle.includes(mid))) throw refused('its sections must share one transport');
  const sending = sections.filter(({ sends }) => sends);
  if (sending.length > 1) throw refused('there is one microphone');
  const slots = sections.filter(({ receives, sends }) => receives && !sends).map(({ mid }) => mid);
  const kept = lines.filter((line) => !DROPPED.test(line));
  return { sdp: `${kept.join('\r\n')}\r\n`, mic: sending[0]?.mid ?? null, slots };
}

function readSection(head: readonly string[], body: readonly string[]): Section {
  if (!/^m=audio \d{1,5} UDP\/TLS\/RTP\/SAVPF( \d{1,3}){1,40}$/.test(body[0] ?? ''))
    throw refused('a section is not audio');
  const mid = valueOf(body, 'mid') ?? '';
  if (!MID.test(mid)) throw refused('a section has no name');
  const either = (name: string): string => valueOf(body, name) ?? valueOf(head, name) ?? '';
  if (!/^[A-Za-z0-9+/]{4,256}$/.test(either('ice-ufrag')) || !/^[A-Za-z0-9+/]{22,256}$/.test(either('ice-pwd')))
    throw refused('it has no ICE credentials');
  if (!/^sha-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/i.test(either('fingerprint'))) throw refused('it has no fingerprint');
  if (!/^(?:actpass|active|passive)$/.test(either('setup'))) throw refused('it does not say who begins the handshake');
  if (!body.some((line) => /^a=rtpmap:\d{1,3} opus\/48000\/2$/i.test(line))) throw refused('it does not know Opus');
  const direction = body.findLast((line) => /^a=(?:sendrecv|sendonly|recvonly|inactive)$/.test(line)) ?? 'a=sendrecv';
  return { mid, sends: /send/.test(direction), receives: /recv/.test(direction) };
}

function valueOf(lines: readonly string[], name: string): string | null {
  const found = lines.find((line) => line.startsWith(`a=${name}:`) || line.startsWith(`a=${name} `));
  return found === undefined ? null : found.slice(name.length + 3).trim();
}

const refused = (why: string): SkerryError =>
  new SkerryError('bad_request', { field: 'sdp', message: `The offer is not usable: ${why}.` });

/** An answer whose candidates name the addresses this server is reached at, instead of where it listens. */
export function withAddresses(sdp: string, addresses: readonly string[]): string {
  return sdp
    .split('\r\n')
    .flatMap((line) => {
      // What the server is belongs to the whole session; the library says it of each section.
      if (line === 'a=ice-lite') return [];
      if (line === 't=0 0') return [line, 'a=ice-lite'];
      const parts = /^a=candidate:\S+ 1 (\S+) \d+ \S+ (\d+ typ host.*)$/.exec(line);
      if (parts === null) return [line];
      const [, transport = '', rest = ''] = parts;
      return addresses.map((address, index) => {
        // RFC 8445 5.1.2.1: the first address is preferred, UDP before TCP.
        const local = (transport.toLowerCase() === 'udp' ? 65_535 : 32_767) - index;
        return `a=candidate:${transport.toLowerCase()}${index} 1 ${transport} ${126 * 2 ** 24 + local * 256 + 255} ${address} ${rest}`;
      });
    })
    .join('\r\n');
}
