import { createHash } from 'node:crypto';
import {
  encodePairingRequest,
  encodePairingSeal,
  encodePairingStep,
  type MachineToken,
  SkerryError,
  TIMES,
} from '@skerry/protocol';
import { issueSession } from '../issue-session.ts';
import { mintToken } from '../secrets.ts';
import { isSigned } from '../ed25519.ts';
import type { Call, Handlers } from '../http/router.ts';
import { isBoxKey, sealTo } from '../sealed-box.ts';
import type { PairingDeps } from './machine-deps.ts';
import type { FreshNonce, ProvenStep } from './pairing-writes.ts';

type PairingRoute =
  | 'requestPairing'
  | 'pollPairing'
  | 'revealPairing'
  | 'redeemPairing'
  | 'withdrawPairing'
  | 'claimPairing'
  | 'pairing'
  | 'approvePairing'
  | 'denyPairing';
type Proof = Call<'pollPairing'>['body'];
type StepName = Parameters<typeof encodePairingStep>[0]['step'];

const CURVE_KEY = 5;

/** How a computer becomes a person's machine. SPEC M-3 to M-6. */
export function pairingHandlers(deps: PairingDeps): Pick<Handlers, PairingRoute> {
  const { db, limits, clock, serverId } = deps;
  const fresh = (): FreshNonce => ({ nonce: mintToken(), expiresAt: clock.now() + TIMES.challengeMs });

  /** @throws SkerryError rate_limited, credentials_wrong when the caller does not hold the key it names. T6 */
  const proven = (step: StepName, { body, address }: { body: Proof; address: string }, value = ''): ProvenStep => {
    limits.take('pairingStep', address);
    const { key, origin, nonce, signature } = body;
    const bytes = encodePairingStep({ serverId, origin, step, key, nonce, value });
    if (!isSigned({ bytes, signature, publicKey: key }))
      throw new SkerryError('credentials_wrong', { message: 'Only who made this code may ask for it.' });
    return { key, nonce, now: clock.now() };
  };

  return {
    requestPairing: async ({ body, address }) => {
      limits.take('pairing', address);
      const { signature, ...request } = body;
      if (Buffer.from(body.identityKey, 'base64url')[0] !== CURVE_KEY)
        throw new SkerryError('bad_request', { field: 'identityKey' });
      if (!isBoxKey(body.boxKey)) throw new SkerryError('bad_request', { field: 'boxKey' });
      if (!isSigned({ bytes: encodePairingRequest(serverId, request), signature, publicKey: body.key }))
        throw new SkerryError('bad_request', { field: 'signature', message: 'This is not signed by its own key.' });
      const nonce = fresh();
      const { expiresAt } = await db.write('machines.requestPairing', { request: body, now: clock.now(), nonce });
      return { expiresAt, serverTime: clock.now(), nonce: nonce.nonce };
    },

    pollPairing: async (call) => db.write('machines.pollPairing', { step: proven('poll', call), next: fresh() }),

    revealPairing: async (call) => {
      const { value } = call.body;
      const step = proven('reveal', call, value);
      return db.write('machines.revealPairing', { step, next: fresh(), value, serverId });
    },

    redeemPairing: async (call) => {
      const step = proven('redeem', call);
      const by = createHash('sha256').update(JSON.stringify(call.body)).digest('base64url');
      const found = await db.read('machines.redeemable', { key: step.key, by, now: step.now });
      if (found.kind === 'again') return { sealed: found.sealed };
      const { account, machine, boxKey, label } = found;
      const { kept, tokens } = issueSession(label, clock);
      const token: MachineToken = { v: 1, server: serverId, account, device: machine, ...tokens };
      const bound = encodePairingSeal({ serverId, use: 'token', account, key: step.key });
      const sealed = sealTo(JSON.stringify(token), { boxKey, bound });
      return db.write('machines.redeemPairing', { step, by, session: kept, sealed });
    },

    withdrawPairing: async (call) => {
      await db.write('machines.withdrawPairing', { step: proven('withdraw', call) });
      return {};
    },

    claimPairing: async ({ caller, body }) => {
      limits.take('pairingClaim', caller.account);
      return db.write('machines.claimPairing', { caller, claim: body, now: clock.now(), serverId });
    },

    pairing: ({ caller, params }) => db.read('machines.pairing', { caller, key: params.key, now: clock.now() }),

    approvePairing: async ({ caller, body }) => {
      limits.take('pairingClaim', caller.account);
      return db.write('machines.approvePairing', { caller, approval: body, now: clock.now(), serverId });
    },

    denyPairing: async ({ caller, body }) => {
      await db.write('machines.denyPairing', { caller, ...body, now: clock.now() });
      return {};
    },
  };
}
