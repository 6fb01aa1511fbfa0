import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeIdentity, proveIdentity, type Identity } from '../harness/lying/identity.ts';
import { LyingServer, type Recorded, type RouteScript } from '../harness/lying/lying-server.ts';
import { general, Member } from '../harness/member.ts';
import { passwordOf, signUp } from '../harness/raw-client.ts';

const RUNS = 25;
const PASSWORD_A = passwordOf('anna-a');
const CODES = ['invite-code-for-a-only'];

/** How a lying server answers one route, or its socket. */
const LIES = [
  'honest',
  'redirectToOther',
  'redirectToOtherSamePath',
  'redirectWithinItself',
  'absoluteUrls',
  'unauthorized',
  'serverError',
  'garbage',
] as const;
/** What a server shows for a key. */
const PROOFS = [
  'own',
  'otherKey',
  'otherServersProof',
  'wrongNonce',
  'wrongOrigin',
  'noSignature',
  'otherServerId',
] as const;
type Lie = (typeof LIES)[number];
type ProofLie = (typeof PROOFS)[number];
const ROUTES_LIED = [
  'health',
  'info',
  'refresh',
  'snapshot',
  'messages',
  'command',
  'sessions',
  'signOut',
  'signIn',
] as const;

const lies = fc.record({
  proof: fc.oneof(
    { weight: 2, arbitrary: fc.constant<ProofLie>('own') },
    { weight: 3, arbitrary: fc.constantFrom<ProofLie>(...PROOFS) },
  ),
  routes: fc.record(
    Object.fromEntries(ROUTES_LIED.map((route) => [route, fc.constantFrom<Lie>(...LIES)])) as Record<
      (typeof ROUTES_LIED)[number],
      fc.Arbitrary<Lie>
    >,
  ),
  upgrade: fc.constantFrom<Lie>('honest', 'redirectToOther', 'unauthorized'),
  socketProof: fc.constantFrom<ProofLie>(...PROOFS),
});

/**
 * T3, T10, T11, P-13: whatever A answers, none of its tokens, passwords or codes reaches B, and none reaches anybody who
 * did not prove to be A right before. Two fake servers keep everything that is ever sent to them.
 */
describe('Secrets of one server', () => {
  it('reach nobody but that server, and not before its proof', async () => {
    let carried = 0;
    await fc.assert(
      fc.asyncProperty(lies, async (lie) => {
        await using a = await LyingServer.start({ name: 'A' });
        await using b = await LyingServer.start({ name: 'B' });
        // Passwords differ, so that each can be told from the others.
        await signUp(a.origin, 'owner-a', a.world.setupCode);
        await signUp(b.origin, 'owner-b', b.world.setupCode);
        const first = await Member.start({ speed: 20 });
        await first.join(a.origin, 'anna-a', { password: PASSWORD_A });
        await first.join(b.origin, 'anna-b');
        await first[Symbol.asyncDispose]();
        const from = a.requests.length;

        const real = a.identity;
        const dishonest = new Liar(a, b, real);
        dishonest.lie(lie);
        const anna = await Member.start({ speed: 20, disk: first.disk });
        try {
          await useEverything(anna, { a, b });
        } finally {
          await anna[Symbol.asyncDispose]();
        }

        const secrets = secretsOf(a);
        expect(secrets.length).toBeGreaterThan(3);
        for (const secret of secrets) expect(b.wasTold(secret)).toBe(false);
        for (const secret of secretsOf(b)) expect(a.wasTold(secret)).toBe(false);
        expectNothingInUrls([...a.requests, ...b.requests], [...secrets, ...secretsOf(b)]);
        carried += expectProofFirst(a.requests.slice(from), secrets, dishonest.provedAt);
      }),
      { numRuns: RUNS, verbose: 1, endOnFailure: true },
    );
    // Otherwise nothing was looked at.
    expect(carried).toBeGreaterThan(RUNS);
  });

  it('would be noticed when a client sends them without asking for a proof', async () => {
    await using a = await LyingServer.start({ name: 'A' });
    await signUp(a.origin, 'careless', a.world.setupCode);
    expect(() => expectProofFirst(a.requests, secretsOf(a), new Set())).toThrow('proofSeen');
  });

  it('of a new server do not leave when it cannot prove the key it names', async () => {
    for (const proof of PROOFS.filter((one) => one !== 'own')) {
      await using a = await LyingServer.start();
      await using b = await LyingServer.start();
      new Liar(a, b, a.identity).lie({ proof, routes: {}, upgrade: 'honest', socketProof: proof });
      await using anna = await Member.start();
      await anna.join(a.origin, 'anna-a', { password: PASSWORD_A, code: CODES[0] ?? null }).then(
        // A server that names and proves another key is simply that other server.
        () => expect(['otherKey', 'otherServerId']).toContain(proof),
        () => undefined,
      );
      if (proof === 'otherKey' || proof === 'otherServerId') continue;
      expect(a.wasTold(PASSWORD_A)).toBe(false);
      expect(a.wasTold(CODES[0] ?? '')).toBe(false);
      expect(anna.client.servers.get()).toEqual([]);
    }
  });

  it('stay at home when an address goes from https to http by a redirect', async () => {
    await using a = await LyingServer.start();
    await using b = await LyingServer.start();
    a.onRoute('*', () => ({ kind: 'redirect', status: 301, to: `${b.origin}/api/health` }));
    await using anna = await Member.start();
    const result = await anna.client.probe(a.origin, {
      allowPlain: true,
      signal: AbortSignal.timeout(5_000),
      onStep: () => undefined,
    });
    expect(result).toMatchObject({ ok: false, failure: { kind: 'redirected' } });
    expect(b.requests).toEqual([]);
  });
});

type Lies = {
  proof: ProofLie;
  routes: Partial<Record<(typeof ROUTES_LIED)[number], Lie>>;
  upgrade: Lie;
  socketProof: ProofLie;
};

class Liar {
  readonly #a: LyingServer;
  readonly #b: LyingServer;
  readonly #real: Identity;
  /** For each request, whether the proof it gave (if it was asked for one) was a true one. */
  readonly provedAt = new Set<Recorded>();

  constructor(a: LyingServer, b: LyingServer, real: Identity) {
    this.#a = a;
    this.#b = b;
    this.#real = real;
  }

  lie({ proof, routes, upgrade, socketProof }: Lies): void {
    const a = this.#a;
    for (const [route, lie] of Object.entries(routes))
      if (lie !== 'honest') a.onRoute(route as 'health', this.#script(lie));
    a.onRoute('proof', ({ request }) => {
      if (proof === 'own') this.provedAt.add(request);
      return {
        kind: 'json',
        status: 200,
        body: this.#prove(proof, JSON.parse(request.body) as { nonce: string; origin: string }),
      };
    });
    if (upgrade !== 'honest') {
      a.onUpgrade(() =>
        upgrade === 'unauthorized'
          ? { kind: 'json', status: 401, body: {} }
          : { kind: 'redirect', status: 307, to: `${this.#b.origin}/api/socket` },
      );
    }
    if (socketProof !== 'own')
      a.onUp('hello', (socket, frame) => {
        if (frame.t === 'hello') socket.sendRaw({ t: 'proof', v: 1, proof: this.#prove(socketProof, frame) });
      });
    else
      a.onUp('hello', async (_socket, _frame, usual) => {
        const upgraded = a.requests.findLast((one) => one.route === 'socket');
        if (upgraded !== undefined) this.provedAt.add(upgraded);
        await usual();
      });
  }

  #script(lie: Lie): RouteScript {
    const other = this.#b.origin;
    return ({ request, usual }) => {
      switch (lie) {
        case 'honest':
          return usual();
        case 'redirectToOther':
          return { kind: 'redirect', status: 307, to: `${other}/api/auth/sign-in` };
        case 'redirectToOtherSamePath':
          return { kind: 'redirect', status: 308, to: `${other}${request.url}` };
        case 'redirectWithinItself':
          return { kind: 'redirect', status: 302, to: '/api/health' };
        case 'absoluteUrls': {
          const reply = usual();
          const text = JSON.stringify(reply.kind === 'json' ? reply.body : {});
          return {
            kind: 'text',
            status: 200,
            text: text
              .replaceAll(this.#a.origin, other)
              .replace(/"(iconUrl|icon_url)":null/g, `"$1":"${other}/icon?take=this"`),
            headers: {
              'content-type': 'application/json',
              'content-location': `${other}/`,
              refresh: `0; url=${other}/`,
              link: `<${other}/>; rel=preload`,
            },
          };
        }
        case 'unauthorized':
          return { kind: 'json', status: 401, body: { error: { code: 'unauthorized', message: 'no', retry: 'auth' } } };
        case 'serverError':
          return { kind: 'json', status: 500, body: { error: { code: 'internal', message: 'no', retry: 'later' } } };
        case 'garbage':
          return { kind: 'text', status: 200, text: '<html>', headers: { 'content-type': 'text/html' } };
      }
    };
  }

  #prove(lie: ProofLie, asked: { nonce: string; origin: string }): unknown {
    switch (lie) {
      case 'own':
        return proveIdentity(this.#real, asked);
      case 'otherKey':
        return proveIdentity(makeIdentity(this.#real.serverId), asked);
      case 'otherServersProof':
        return proveIdentity(this.#b.identity, asked);
      case 'wrongNonce':
        return proveIdentity(this.#real, { ...asked, nonce: 'A'.repeat(32) });
      case 'wrongOrigin':
        return proveIdentity(this.#real, { ...asked, origin: 'https://relay.example' });
      case 'noSignature':
        return { ...proveIdentity(this.#real, asked), signature: 'A'.repeat(86) };
      case 'otherServerId':
        return proveIdentity({ ...this.#real, serverId: this.#b.identity.serverId }, asked);
    }
  }
}

/** Every action that could carry a secret; each may fail, none may hang for long. */
async function useEverything(anna: Member, { a, b }: { a: LyingServer; b: LyingServer }): Promise<void> {
  const handle = anna.at(a.origin);
  const other = anna.at(b.origin);
  await anna.whenLive(other);
  const within = (ms: number, what: Promise<unknown>): Promise<unknown> =>
    Promise.race([what.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, ms))]);
  await within(400, anna.whenLive(handle));
  const channel = [...a.world.channels.keys()][0]!;
  await within(200, handle.send({ channel, text: 'hello', replyTo: null }));
  await within(200, handle.sessions());
  await within(200, handle.run({ kind: 'profile.update', displayName: 'Anna' }));
  await within(200, handle.changePassword(PASSWORD_A, `${PASSWORD_A} new`));
  handle.tryNow();
  await within(200, anna.whenLive(handle));
  await within(300, handle.signOut('keep'));
  await within(400, handle.signIn({ kind: 'signIn', username: 'anna-a', password: PASSWORD_A }));
  await within(
    200,
    handle.signIn({
      kind: 'register',
      username: 'late',
      password: PASSWORD_A,
      displayName: 'late',
      code: CODES[0] ?? null,
    }),
  );
  // The other one works through all of it.
  await general(other);
  await anna.whenLive(other);
}

function secretsOf(server: LyingServer): string[] {
  const { world } = server;
  return [
    ...world.tokens.keys(),
    ...[...world.sessions.values()].flatMap((session) => session.refreshTokens),
    ...[...world.accounts.values()].map((account) => account.password),
    ...(server.world.profile.name === 'A' ? [PASSWORD_A, ...CODES] : []),
  ];
}

function expectNothingInUrls(requests: readonly Recorded[], secrets: readonly string[]): void {
  for (const { url } of requests)
    for (const secret of secrets) expect(url.includes(secret) || decodeURIComponent(url).includes(secret)).toBe(false);
}

/** A request that carries a secret comes after a true proof; a socket's token after that socket's own. */
function expectProofFirst(
  requests: readonly Recorded[],
  secrets: readonly string[],
  proved: ReadonlySet<Recorded>,
): number {
  let proofSeen = false;
  let carried = 0;
  for (const request of requests) {
    const told = `${JSON.stringify(request.headers)}${request.body}`;
    if (secrets.some((secret) => told.includes(secret))) {
      carried += 1;
      expect({ route: request.route, proofSeen }).toEqual({ route: request.route, proofSeen: true });
    }
    if (request.frames.some((frame) => secrets.some((secret) => frame.includes(secret))))
      expect(proved.has(request)).toBe(true);
    if (proved.has(request)) proofSeen = true;
  }
  return carried;
}
