import type { KeyRotation, RegistrationMode, ServerId } from '@skerry/protocol';
import { SERVER_STREAM } from '../log/stream-key.ts';
import type { Tx } from '../log/tx.ts';

export type StartSettings = {
  /** Used when there is none yet. */
  readonly freshId: ServerId;
  readonly publicKey: string;
  /** The step that led to this key. */
  readonly rotation: KeyRotation | null;
  /** `null` leaves what is there. */
  readonly name: string | null;
  readonly description: string | null;
  readonly operator: string | null;
  readonly registration: RegistrationMode | null;
};

/** `wrongKey`: the key beside the database is another server's; nothing was changed. */
export type Started = { readonly kind: 'started'; readonly serverId: ServerId } | { readonly kind: 'wrongKey' };

const DEFAULTS = { name: 'Skerry', description: '', registration: 'invite' } as const;

/**
 * Brings the server's own row to what it is started with. What was given at the command line wins over what was set in
 * the app; what was not given stays.
 */
export function startServer(tx: Tx, given: StartSettings): Started {
  const { db, now } = tx;
  const known = db.get<{ serverId: ServerId; name: string; description: string; registration: RegistrationMode }>(
    'SELECT server_id AS serverId, name, description, registration FROM server',
  );
  if (known === undefined) {
    const rev = tx.append(SERVER_STREAM, 'server', '').n;
    db.run(
      'INSERT INTO server (id, server_id, name, description, operator, registration, created_at, rev) VALUES (1, ?, ?, ?, ?, ?, ?, ?)',
      given.freshId,
      given.name ?? DEFAULTS.name,
      given.description ?? DEFAULTS.description,
      given.operator,
      given.registration ?? DEFAULTS.registration,
      now,
      rev,
    );
    db.run('INSERT INTO server_keys (n, public_key, created_at) VALUES (1, ?, ?)', given.publicKey, now);
    return { kind: 'started', serverId: given.freshId };
  }
  if (!followKey(tx, given)) return { kind: 'wrongKey' };
  const name = given.name ?? known.name;
  const description = given.description ?? known.description;
  const registration = given.registration ?? known.registration;
  if (name !== known.name || description !== known.description || registration !== known.registration) {
    const rev = tx.append(SERVER_STREAM, 'server', '').n;
    db.run(
      'UPDATE server SET name = ?, description = ?, registration = ?, rev = ?',
      name,
      description,
      registration,
      rev,
    );
  }
  if (given.operator !== null) db.run('UPDATE server SET operator = ?', given.operator);
  return { kind: 'started', serverId: known.serverId };
}

/** Adds the key that the server starts with, if it is new, by the step that led to it. @returns false when none did */
function followKey(tx: Tx, { publicKey, rotation }: StartSettings): boolean {
  const { db, now } = tx;
  const last = db.get<{ n: number; publicKey: string }>(
    'SELECT n, public_key AS publicKey FROM server_keys ORDER BY n DESC LIMIT 1',
  );
  if (last?.publicKey === publicKey) return true;
  if (last === undefined || rotation?.from !== last.publicKey) return false;
  db.run(
    'INSERT INTO server_keys (n, public_key, from_signature, created_at) VALUES (?, ?, ?, ?)',
    last.n + 1,
    publicKey,
    rotation.signature,
    now,
  );
  return true;
}
