import type { KeyRotation, RegistrationMode } from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';

export type ServerRow = {
  readonly serverId: string;
  readonly name: string;
  readonly description: string;
  readonly iconUrl: string | null;
  readonly operator: string | null;
  readonly registration: RegistrationMode;
  readonly userCount: number;
  readonly needsSetup: boolean;
};

/** What anyone may know of the server. */
export function serverRow(db: Statements, _args: null): ServerRow {
  const row = db.get<Omit<ServerRow, 'userCount' | 'needsSetup'>>(
    'SELECT server_id AS serverId, name, description, icon_url AS iconUrl, operator, registration FROM server',
  );
  if (row === undefined) throw new Error('the server has no row of its own yet');
  const enabled = db.value<number>('SELECT count(*) FROM accounts WHERE disabled = 0') ?? 0;
  return { ...row, userCount: enabled, needsSetup: !db.has('SELECT 1 FROM accounts LIMIT 1') };
}

export type KnownKeys = { readonly current: string | null; readonly rotations: KeyRotation[] };

/** The server's last key, and every step that led to it, the oldest first. */
export function knownKeys(db: Statements, _args: null): KnownKeys {
  const keys = db.all<{ publicKey: string; signature: string | null }>(
    'SELECT public_key AS publicKey, from_signature AS signature FROM server_keys ORDER BY n',
  );
  const rotations = keys.flatMap(({ publicKey, signature }, at) => {
    const from = keys[at - 1]?.publicKey;
    return from === undefined || signature === null ? [] : [{ from, to: publicKey, signature }];
  });
  // As many steps as a proof may carry; a client that slept through more of them asks the person.
  return { current: keys.at(-1)?.publicKey ?? null, rotations: rotations.slice(-64) };
}
