import { createSeededRandom, createTestDevice, pad, unpad } from '@skerry/crypto/testing';
import type { TestDevice } from '@skerry/crypto/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { converse, oracleSide, ourSide, shuffle } from './conversation.ts';
import type { Direction, Order } from './conversation.ts';
import { loadLibsignal } from './libsignal.ts';
import type { Libsignal, Version } from './libsignal.ts';
import { createOracleDevice } from './oracle-device.ts';
import { seed } from './seed.ts';

const LEAST_CHECKS = 800;
const OURS = { name: '9d0652a3-dcc3-4d11-975f-74d61598733f', device: 1 };
const DIRECTIONS: readonly Direction[] = ['both ways', 'to the responder', 'to the initiator'];
const ORDERS: readonly Order[] = [
  { shuffled: false, lossy: false },
  { shuffled: true, lossy: false },
  { shuffled: false, lossy: true },
  { shuffled: true, lossy: true },
];
const orderName = ({ shuffled, lossy }: Order) =>
  `${shuffled ? 'in disorder' : 'in order'}, ${lossy ? 'some lost' : 'none lost'}`;

let peers = 0;
/** Each conversation has a peer of its own, so that none stands on another's session. */
const nextPeer = () => ({
  name: `6838237d-02f6-4098-b110-${String(++peers).padStart(12, '0')}`,
  device: 1 + (peers % 3),
});

describe.each<Version>(['0.86.16', '0.67.3'])(`libsignal-client %s, seed ${seed}`, (version) => {
  let lib: Libsignal;
  let checks = 0;
  beforeAll(async () => {
    lib = await loadLibsignal(version);
  });
  afterAll(() => {
    process.stdout.write(`libsignal-client ${version}, seed ${seed}: ${String(checks)} checks\n`);
  });

  for (const role of ['initiator', 'responder'] as const) {
    describe(`as ${role}`, () => {
      let ours: TestDevice;
      beforeAll(async () => {
        ours = await createTestDevice(OURS, `${seed}/${version}/${role}`);
      });

      for (const kyber of [true, false]) {
        for (const oneTime of [true, false]) {
          for (const direction of DIRECTIONS) {
            for (const order of ORDERS) {
              const handshake = `${kyber ? 'PQXDH' : 'X3DH'} ${oneTime ? 'with' : 'without'} a one-time prekey`;
              const name = `${handshake}, ${direction}, ${orderName(order)}`;
              if (!kyber && version === '0.86.16') {
                test(`${name}: this version refuses sessions without a Kyber key`, async () => {
                  const peer = nextPeer();
                  const theirs = createOracleDevice(lib, peer);
                  if (role === 'initiator') {
                    await ours.sessions.start(peer, theirs.bundle({ kyber, oneTime }));
                    const first = await ours.sessions.encrypt(peer, new Uint8Array(1));
                    await expect(theirs.decrypt(OURS, first)).rejects.toThrow();
                  } else {
                    await expect(theirs.start(OURS, ours.bundle({ kyber, oneTime }))).rejects.toThrow();
                  }
                  checks += 1;
                });
                continue;
              }
              test(name, async () => {
                const random = createSeededRandom(`${seed}/${version}/${role}/${name}`);
                const peer = nextPeer();
                const theirs = createOracleDevice(lib, peer);
                if (role === 'initiator') await ours.sessions.start(peer, theirs.bundle({ kyber, oneTime }));
                else await theirs.start(OURS, ours.bundle({ kyber, oneTime }));
                const [us, them] = [ourSide(ours, peer), oracleSide(theirs, OURS)];
                const sides =
                  role === 'initiator' ? { initiator: us, responder: them } : { initiator: them, responder: us };
                const made = await converse(sides, { direction, order, random });
                expect(made).toBeGreaterThan(5);
                checks += made;
              });
            }
          }
        }
      }
    });
  }

  test('both begin at once, and both go on', async () => {
    const ours = await createTestDevice(OURS, `${seed}/${version}/at once`);
    const peer = nextPeer();
    const theirs = createOracleDevice(lib, peer);
    await ours.sessions.start(peer, theirs.bundle({ kyber: true, oneTime: true }));
    await theirs.start(OURS, ours.bundle());
    const [us, them] = [ourSide(ours, peer), oracleSide(theirs, OURS)];
    for (let round = 0; round < 6; round++) {
      const [toThem, toUs] = [Uint8Array.of(round, 1), Uint8Array.of(round, 2)];
      const sent = [await us.encrypt(toThem), await them.encrypt(toUs)] as const;
      expect(await them.decrypt(sent[0])).toEqual(toThem);
      expect(await us.decrypt(sent[1])).toEqual(toUs);
      checks += 2;
    }
  });

  for (const order of ORDERS) {
    const random = createSeededRandom(`${seed}/${version}/group/${orderName(order)}`);
    const arrive = <T>(sent: T[]): T[] => {
      if (order.shuffled) shuffle(sent, random);
      return order.lossy ? sent.filter((_, i) => i === 0 || random.below(10) >= 2) : sent;
    };

    test(`group, we send, ${orderName(order)}`, async () => {
      const id = '11111111-2222-4333-8444-555555555555';
      const ours = await createTestDevice(OURS, `${seed}/${version}/group/${orderName(order)}`);
      const [a, b] = [nextPeer(), nextPeer()];
      const first = createOracleDevice(lib, a);
      const late = createOracleDevice(lib, b);
      // The second member joins with the second burst and is gone in the third: the chain is another one then.
      const bursts = [
        { members: [a], rotates: true },
        { members: [a, b], rotates: false },
        { members: [a], rotates: true },
      ];
      for (const { members, rotates } of bursts) {
        const sent: { plaintext: Uint8Array; message: Uint8Array }[] = [];
        for (let i = 0; i < 10; i++) {
          const plaintext = random.bytes(random.below(500));
          const { message, distribution, rotated } = await ours.groups.encrypt(
            { distributionId: id, members },
            plaintext,
          );
          expect(rotated).toBe(i === 0 && rotates);
          if (distribution !== undefined) {
            for (const to of distribution.to)
              await (to.name === a.name ? first : late).receive(OURS, distribution.body);
            await ours.groups.confirm(id, distribution.body, distribution.to);
          }
          sent.push({ plaintext, message });
        }
        for (const { plaintext, message } of arrive(sent)) {
          expect(unpad(await first.groupDecrypt(OURS, message))).toEqual(plaintext);
          checks += 1;
          if (members.length === 2) expect(unpad(await late.groupDecrypt(OURS, message))).toEqual(plaintext);
          else await expect(late.groupDecrypt(OURS, message)).rejects.toThrow();
          checks += 1;
        }
      }
    });

    test(`group, we receive, ${orderName(order)}`, async () => {
      const ours = await createTestDevice(OURS, `${seed}/${version}/group in/${orderName(order)}`);
      const sender = nextPeer();
      const theirs = createOracleDevice(lib, sender);
      for (const id of ['11111111-2222-4333-8444-555555555555', 'aaaaaaaa-2222-4333-8444-555555555555']) {
        await ours.groups.receive(sender, await theirs.distribution(id));
        const sent: { plaintext: Uint8Array; message: Uint8Array }[] = [];
        for (let i = 0; i < 15; i++) {
          const plaintext = random.bytes(random.below(500));
          sent.push({ plaintext, message: await theirs.groupEncrypt(id, pad(plaintext)) });
        }
        for (const { plaintext, message } of arrive(sent)) {
          expect(await ours.groups.decrypt(sender, message)).toEqual({ plaintext, distributionId: id });
          await expect(ours.groups.decrypt(sender, message)).rejects.toMatchObject({ code: 'duplicate' });
          checks += 2;
        }
      }
    });
  }

  test(`at least ${String(LEAST_CHECKS)} checks were made`, () => {
    expect(checks).toBeGreaterThanOrEqual(LEAST_CHECKS);
  });
});
