import {
  type Address,
  type AddressProblem,
  type Health,
  negotiate,
  parseAddress,
  parseLink,
  PROTOCOL,
  type ServerInfo,
  SkerryError,
  toBase64Url,
} from '@skerry/protocol';
import { callOpen } from '../api/api.ts';
import { fingerprintOf, verifyProof, wordsOf } from '../connection/proof.ts';
import { IdentityError, ReachError } from '../errors.ts';
import type { Clock, Crypto, Http, Random } from '../platform.ts';
import { unreachable } from '../unreachable.ts';
import type { Found, ProbeFailure, ProbeResult, ProbeStep, ServerEntry } from '../views.ts';
import { plainServerName } from './label.ts';

export type ProbeDeps = {
  readonly http: Http;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  readonly deviceOnline: () => boolean;
  readonly entries: () => readonly ServerEntry[];
};

export type ProbeOptions = {
  readonly allowPlain: boolean;
  readonly signal: AbortSignal;
  readonly onStep: (step: ProbeStep) => void;
};

/** Where to look, and what a link said to expect there. */
type Target = { readonly address: Address; readonly invite: string | null; readonly fp: string | null };
type ReadTarget =
  { readonly ok: true; readonly target: Target } | { readonly ok: false; readonly problem: AddressProblem };

/**
 * Checks an address or link one step after the other. Only questions open to anyone leave, and a fresh nonce.
 * @throws the signal's reason when it was aborted; everything else is a result
 */
export async function probe(deps: ProbeDeps, input: string, options: ProbeOptions): Promise<ProbeResult> {
  options.onStep('address');
  const read = readTarget(input);
  if (!read.ok) return failed('address', { kind: 'address', problem: read.problem });
  const { target } = read;
  const result = await probeTarget(deps, target, options);
  const maybePlain = options.allowPlain && !/^[a-z][a-z0-9+.-]*:/i.test(input.trim()) && target.address.encrypted;
  if (result.ok || !maybePlain || result.step !== 'reachable' || result.failure.kind !== 'unreachable') return result;
  // The person typed no scheme and allowed http for this address.
  const plain = parseAddress(`http://${input.trim()}`);
  return plain.ok ? probeTarget(deps, { ...target, address: plain.address }, options) : result;
}

/** Links carry an address and often an invite and the key they expect; anything else is an address. */
function readTarget(input: string): ReadTarget {
  const parsed = parseLink(input);
  if (parsed.ok) {
    const { link } = parsed;
    return {
      ok: true,
      target: { address: link.address, invite: link.kind === 'join' ? link.invite : null, fp: link.fp ?? null },
    };
  }
  const address = parseAddress(input);
  return address.ok ? { ok: true, target: { address: address.address, invite: null, fp: null } } : address;
}

async function probeTarget(
  deps: ProbeDeps,
  target: Target,
  { allowPlain, signal, onStep }: ProbeOptions,
): Promise<ProbeResult> {
  const { origin, encrypted, loopback } = target.address;
  // Before anything is sent: an answer over http could come from anybody on the way.
  if (!encrypted && !loopback && !allowPlain) return failed('secure', { kind: 'notEncrypted', origin });
  let step: ProbeStep = 'reachable';
  const reach = (next: ProbeStep): void => {
    step = next;
    onStep(next);
  };
  try {
    reach('reachable');
    const health = await callOpen(deps.http, { origin, name: 'health' }, { signal });
    reach('secure');
    reach('compatible');
    const older = tooOld(health);
    if (older !== undefined) return failed(step, { kind: 'incompatible', older });
    const info = await callOpen(deps.http, { origin, name: 'info' }, { signal });
    reach('identity');
    return { ok: true, found: await identify(deps, { target, info }, signal) };
  } catch (error) {
    signal.throwIfAborted();
    return failed(step, failureOf(error, deps.deviceOnline()));
  }
}

function tooOld(health: Health): 'client' | 'server' | undefined {
  const negotiated = negotiate(PROTOCOL, health.protocol);
  return negotiated.ok ? undefined : negotiated.older;
}

/** @throws IdentityError when the key it names is not proved, or is not the one the link named */
async function identify(
  deps: ProbeDeps,
  seen: { target: Target; info: ServerInfo },
  signal: AbortSignal,
): Promise<Found> {
  const { http, crypto, random } = deps;
  const { target, info } = seen;
  const { origin, host, encrypted, international } = target.address;
  const asked = { nonce: toBase64Url(random.bytes(32)), origin };
  const proof = await callOpen(http, { origin, name: 'proof' }, { body: asked, signal });
  const words = await wordsOf(crypto, info.key);
  const pin = { serverId: info.serverId, key: info.key };
  const verdict = await verifyProof(crypto, asked, { proof: { ...proof, rotations: [] }, pin });
  if (!verdict.ok) throw new IdentityError(verdict.problem, { ...pin, words });
  const matchesLink = target.fp === (await fingerprintOf(crypto, info.key));
  if (target.fp !== null && !matchesLink) throw new IdentityError('otherKey', { ...pin, words });
  const entries = deps.entries();
  const name = plainServerName(info.name);
  return {
    origin,
    host,
    info: { ...info, name: name ?? host, words: [...words] },
    words,
    invite: target.invite,
    encrypted,
    international,
    existing: entries.filter((entry) => entry.serverId === info.serverId).map(({ id }) => id),
    sameName: entries.some(
      (entry) =>
        entry.serverId !== info.serverId &&
        name !== null &&
        (entry.label ?? entry.name)?.toLowerCase() === name.toLowerCase(),
    ),
    matchesLink,
  };
}

function failed(step: ProbeStep, failure: ProbeFailure): ProbeResult {
  return { ok: false, step, failure };
}

function failureOf(error: unknown, deviceOnline: boolean): ProbeFailure {
  if (error instanceof IdentityError) return { kind: 'identity', why: error.problem };
  if (error instanceof ReachError) return failureOfReach(error, deviceOnline);
  if (!(error instanceof SkerryError)) return { kind: 'notSkerry', status: null };
  if (error.code === 'origin_refused') return { kind: 'refusedOrigin' };
  if (error.code === 'incompatible') return { kind: 'incompatible', older: 'client' };
  return { kind: 'serverError', status: error.status };
}

function failureOfReach({ reason, answered, redirected }: ReachError, deviceOnline: boolean): ProbeFailure {
  if (redirected) return { kind: 'redirected' };
  switch (reason.kind) {
    case 'timeout':
      return { kind: 'timeout' };
    case 'refusedOrigin':
      return { kind: 'refusedOrigin' };
    case 'notSkerry':
    case 'protocol':
      return { kind: 'notSkerry', status: answered };
    case 'rateLimited':
    case 'serverError':
    case 'restarting':
      return { kind: 'serverError', status: answered ?? 503 };
    case 'unreachable':
    case 'insecure':
    case 'closed':
    case 'silent':
    case 'slow':
      return deviceOnline ? { kind: 'unreachable' } : { kind: 'offline' };
    default:
      return unreachable(reason);
  }
}
