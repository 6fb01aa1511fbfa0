import { expect, it } from 'vitest';
import { readOffer, withAddresses } from './offer.ts';

const FINGERPRINT = `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`;
const section = (mid: string, direction: string, more: readonly string[] = []): string[] => [
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789012345678901',
  FINGERPRINT,
  'a=setup:actpass',
  `a=mid:${mid}`,
  `a=${direction}`,
  'a=rtpmap:111 opus/48000/2',
  ...more,
];
const offer = (sections: readonly string[][], bundle = '0 1 2'): string =>
  [...['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', `a=group:BUNDLE ${bundle}`], ...sections.flat()].join('\r\n');

it('V-10: an offer is a microphone and slots; candidates and streams beyond that do not reach the library', () => {
  const read = readOffer(
    offer([
      section('0', 'sendonly', ['a=candidate:1 1 udp 1 198.51.100.7 9 typ host', 'a=ssrc:1 cname:x', 'a=rid:a send']),
      section('1', 'recvonly', ['a=end-of-candidates']),
      section('2', 'inactive'),
    ]),
  );
  expect(read).toMatchObject({ mic: '0', slots: ['1'] });
  expect(read.sdp).not.toMatch(/candidate|198\.51|rid/);
  expect(read.sdp).toContain('a=ssrc:1 cname:x\r\n');
});

it.each([
  ['nothing', ''],
  ['no sections', offer([])],
  ['video', offer([section('0', 'sendonly')]).replace('m=audio', 'm=video')],
  [
    'data',
    offer([section('0', 'sendonly')]).replace(
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    ),
  ],
  ['two microphones', offer([section('0', 'sendonly'), section('1', 'sendrecv')])],
  ['one name twice', offer([section('0', 'sendonly'), section('0', 'recvonly')])],
  ['a section outside the bundle', offer([section('0', 'sendonly'), section('7', 'recvonly')])],
  ['no fingerprint', offer([section('0', 'sendonly')]).replace(FINGERPRINT, 'a=x')],
  ['a weak fingerprint', offer([section('0', 'sendonly')]).replace('sha-256', 'md5')],
  ['no credentials', offer([section('0', 'sendonly')]).replace('a=ice-pwd', 'a=x')],
  ['another codec', offer([section('0', 'sendonly')]).replace('opus/48000/2', 'PCMU/8000')],
  ['bytes that are no text', offer([section('0', 'sendonly')]).replace('s=-', 's=\u0000')],
  ['too many sections', offer(Array.from({ length: 66 }, (_none, at) => section(String(at), 'recvonly')))],
  ['a section without end', offer([section('0', 'sendonly', Array<string>(200).fill('a=x'))])],
])('V-10: an offer with %s is refused', (_what, text) => {
  expect(() => readOffer(text)).toThrow(expect.objectContaining({ code: 'bad_request', field: 'sdp' }));
});

it('V-10: an answer names the addresses the server is reached at, the first one first, UDP before TCP', () => {
  const sdp = [
    'v=0',
    't=0 0',
    'a=candidate:x 1 udp 5 0.0.0.0 4410 typ host generation 0',
    'a=candidate:y 1 tcp 4 0.0.0.0 4411 typ host tcptype passive',
    'a=ice-lite',
  ].join('\r\n');
  const lines = withAddresses(sdp, ['203.0.113.5', '10.0.0.2']).split('\r\n');
  expect(lines.slice(0, 3)).toEqual(['v=0', 't=0 0', 'a=ice-lite']);
  const found = lines.slice(3).map((line) => line.split(' '));
  expect(found.map(([, , transport, , address, port]) => `${transport} ${address} ${port}`)).toEqual([
    'udp 203.0.113.5 4410',
    'udp 10.0.0.2 4410',
    'tcp 203.0.113.5 4411',
    'tcp 10.0.0.2 4411',
  ]);
  const priorities = found.map(([, , , priority]) => Number(priority));
  expect(priorities).toEqual([...priorities].sort((a, b) => b - a));
  expect(new Set(found.map(([foundation]) => foundation)).size).toBe(4);
});
