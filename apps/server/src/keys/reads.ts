import { type AccountId, LIMITS, type OwnDevice } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';
import { jsonBytes } from '../log/json-bytes.ts';
import { MOST_DEVICES } from '../log/device-rows.ts';

const OWN_SQL = `SELECT d.device, d.label, s.id AS sessionId, d.sign_key AS signKey, d.identity_key AS identityKey,
  d.registration_id AS registrationId, d.machine, d.created_at AS createdAt, max(d.last_seen_at, coalesce(s.last_seen_at, 0)) AS lastSeenAt,
  (SELECT count(*) FROM prekeys p WHERE p.account_id = d.account_id AND p.device = d.device AND p.claimed_at IS NULL) AS oneTimeLeft,
  json_extract(d.signed_prekey, '$.id') AS signedPreKeyId, json_extract(d.kyber_prekey, '$.id') AS kyberPreKeyId
  FROM devices d LEFT JOIN sessions s ON s.account_id = d.account_id AND s.device_number = d.device AND s.ended_at IS NULL
  WHERE d.account_id = ? AND d.state <> 'removed' ORDER BY d.device LIMIT ${MOST_DEVICES}`;

/** The devices of an account that were not removed, listed or not. */
export function ownDevices(db: Statements, { account }: { account: AccountId }): OwnDevice[] {
  return db
    .all<Omit<OwnDevice, 'machine'> & { machine: number }>(OWN_SQL, account)
    .map(({ machine, ...device }) => (machine === 1 ? { ...device, machine: true } : device));
}

const LISTS_SQL = `SELECT json FROM device_lists WHERE account_id = ? AND version > ? ORDER BY version LIMIT ${LIMITS.page + 1}`;
/** Characters of one answer; what does not fit is asked for again. */
const LONGEST = 512 * 1024;

type Wanted = { readonly account: AccountId; readonly after: number };

/** Signed lists as they were taken, the oldest first. At least one, if there is any. */
export function deviceLists(db: Statements, { accounts }: { accounts: readonly Wanted[] }): Uint8Array {
  let room = LONGEST;
  const told = accounts.map(({ account, after }) => {
    const lists: string[] = [];
    const found = db.values<string>(LISTS_SQL, account, after);
    for (const json of found.slice(0, LIMITS.page)) {
      if (json.length > room && room < LONGEST) break;
      lists.push(json);
      room -= json.length;
    }
    return `{"account":"${account}","lists":[${lists.join(',')}],"more":${lists.length < found.length}}`;
  });
  return jsonBytes(`{"accounts":[${told.join(',')}]}`);
}
