import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';

/** A certificate for `localhost` and 127.0.0.1, signed by itself, in PEM. */
export type TestCertificate = { readonly certificate: string; readonly key: string };

const OID = {
  commonName: [0x55, 0x04, 0x03],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  /** ecdsa-with-SHA256 */
  signature: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
} as const;

/** Makes a key and its certificate (RFC 5280), good for a day: a key in the repository would be nobody's secret. */
export function makeTestCertificate(now = Date.now()): TestCertificate {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(tlv(0x06, OID.signature));
  const name = sequence(tlv(0x31, sequence(tlv(0x06, OID.commonName), tlv(0x0c, Buffer.from('localhost')))));
  const hosts = sequence(tlv(0x82, Buffer.from('localhost')), tlv(0x87, [127, 0, 0, 1]));
  const extensions = sequence(
    sequence(tlv(0x06, OID.subjectAltName), tlv(0x04, hosts)),
    sequence(tlv(0x06, OID.basicConstraints), tlv(0x01, [0xff]), tlv(0x04, sequence(tlv(0x01, [0xff])))),
  );
  const body = sequence(
    tlv(0xa0, tlv(0x02, [2])),
    tlv(0x02, [1]),
    algorithm,
    name,
    sequence(time(now - 3_600_000), time(now + 86_400_000)),
    name,
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, extensions),
  );
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signature = sign('sha256', body, createPrivateKey(key));
  const der = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return { certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`, key };
}

/** A DER value: tag, length, content. */
function tlv(tag: number, content: Uint8Array | readonly number[]): Buffer {
  const bytes = Buffer.from(content);
  const length =
    bytes.length < 0x80
      ? [bytes.length]
      : bytes.length < 0x100
        ? [0x81, bytes.length]
        : [0x82, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), bytes]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

/** GeneralizedTime, to the second. */
function time(at: number): Buffer {
  return tlv(0x18, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`));
}
