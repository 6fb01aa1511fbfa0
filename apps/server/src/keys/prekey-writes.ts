import { type AccountId, LIMITS, type PrekeyBundle, type PrekeyUpload, SkerryError } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import type { Tx } from '../log/tx.ts';
import { boundDevice, type Caller, listedDevice } from '../log/devices.ts';

/** With fewer one-time prekeys left than this the device is asked for more. */
const FEW = 20;

/**
 * Puts prekeys of the session's device into the directory. An id that was handed out stays so, whatever is published
 * under it again. SPEC E-7.
 * @throws SkerryError no_device, bad_request for an id named twice, limit_reached
 */
export function publishPrekeys(
  tx: Tx,
  { caller, upload }: { caller: Caller; upload: PrekeyUpload },
): { oneTimeLeft: number } {
  const { db } = tx;
  const { account } = caller;
  const device = boundDevice(db, caller);
  const { signedPreKey, kyberPreKey, preKeys } = upload;
  if (new Set(preKeys.map(({ id }) => id)).size < preKeys.length)
    throw new SkerryError('bad_request', { field: 'preKeys', message: 'An id is named twice.' });
  if (signedPreKey !== null)
    db.run(
      'UPDATE devices SET signed_prekey = ? WHERE account_id = ? AND device = ?',
      JSON.stringify(signedPreKey),
      account,
      device,
    );
  if (kyberPreKey !== null)
    db.run(
      'UPDATE devices SET kyber_prekey = ? WHERE account_id = ? AND device = ?',
      JSON.stringify(kyberPreKey),
      account,
      device,
    );
  for (const { id, publicKey } of preKeys)
    db.run(
      `INSERT INTO prekeys (account_id, device, id, public_key) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (account_id, device, id) DO UPDATE SET public_key = ?4 WHERE claimed_at IS NULL`,
      account,
      device,
      id,
      publicKey,
    );
  const oneTimeLeft = leftOf(tx, account, device);
  if (oneTimeLeft > LIMITS.prekeysPerDevice) throw new SkerryError('limit_reached', { field: 'preKeys' });
  return { oneTimeLeft };
}

type Bundled = Pick<PrekeyBundle, 'identityKey' | 'registrationId'> & {
  state: string;
  signedPreKey: string | null;
  kyberPreKey: string | null;
};

/**
 * What begins a session with a device. Its one-time prekey is marked in the same transaction, which is on the disk
 * before the caller hears of it: nobody gets it again, even when the answer is lost. SPEC E-7, E-11.
 * @throws SkerryError no_device of the caller, not_found for a device that is on no list, peer_without_keys
 */
export function claimPrekeys(
  tx: Tx,
  { caller, account, device }: { caller: Caller; account: AccountId; device: number },
): PrekeyBundle {
  const { db } = tx;
  listedDevice(db, caller);
  if (caller.machine === true && account !== caller.account) throw new SkerryError('forbidden');
  const row = db.get<Bundled>(
    `SELECT identity_key AS identityKey, registration_id AS registrationId, state, signed_prekey AS signedPreKey,
     kyber_prekey AS kyberPreKey FROM devices WHERE account_id = ? AND device = ?`,
    account,
    device,
  );
  if (row?.state !== 'listed') throw new SkerryError('not_found');
  const { identityKey, registrationId, signedPreKey, kyberPreKey } = row;
  if (signedPreKey === null || kyberPreKey === null) throw new SkerryError('peer_without_keys');
  const preKey = takeOne(tx, account, device);
  const left = leftOf(tx, account, device);
  if (left < FEW) tx.prekeysLow({ account, device, left });
  return {
    registrationId,
    identityKey,
    signedPreKey: JSON.parse(signedPreKey) as PrekeyBundle['signedPreKey'],
    kyberPreKey: JSON.parse(kyberPreKey) as PrekeyBundle['kyberPreKey'],
    preKey,
  };
}

function takeOne({ db, now }: Tx, account: AccountId, device: number): PrekeyBundle['preKey'] {
  const taken = db.get<{ id: number; publicKey: string }>(
    `SELECT id, public_key AS publicKey FROM prekeys WHERE account_id = ? AND device = ? AND claimed_at IS NULL
     ORDER BY id LIMIT 1`,
    account,
    device,
  );
  if (taken === undefined) return null;
  db.run(
    'UPDATE prekeys SET claimed_at = ? WHERE account_id = ? AND device = ? AND id = ?',
    now,
    account,
    device,
    taken.id,
  );
  return taken;
}

/**
 * For a database that is put back from a copy: what the copy still offers may have been handed out since it was made, so
 * nothing of it is. Devices publish new ones. SPEC E-7.
 * @param now Unix milliseconds
 */
export function spendAllPrekeys(db: Statements, now: number): void {
  db.run('UPDATE prekeys SET claimed_at = ? WHERE claimed_at IS NULL', now);
}

function leftOf({ db }: Tx, account: AccountId, device: number): number {
  const sql = 'SELECT count(*) FROM prekeys WHERE account_id = ? AND device = ? AND claimed_at IS NULL';
  return db.value<number>(sql, account, device) ?? 0;
}
