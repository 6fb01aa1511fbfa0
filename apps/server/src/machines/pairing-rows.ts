import {
  type AccountId,
  type PairingApproval,
  type PairingRequest,
  type PairingStatus,
  type PairingTaker,
  type PairingView,
  SkerryError,
} from '@skerry/protocol';
import type { Statements } from '../db/statements.ts';

/** How a request stands, as the table holds it; whoever asks is told less. */
export type StoredState =
  'waiting' | 'claimed' | 'revealed' | 'approved' | 'redeemed' | 'denied' | 'reported' | 'withdrawn';

export type PairingRow = {
  readonly key: string;
  readonly request: PairingRequest;
  readonly askedAt: number;
  readonly expiresAt: number;
  readonly state: StoredState;
  readonly account: AccountId | null;
  /** The person's device that took it, and what it signed. */
  readonly device: number | null;
  readonly taker: PairingTaker | null;
  readonly nonce: string | null;
  readonly approval: PairingApproval | null;
  readonly machine: number | null;
  readonly redeemedBy: string | null;
  readonly redeemed: string | null;
};

const ROW_SQL = `SELECT key, request, asked_at AS askedAt, expires_at AS expiresAt, state, account_id AS account, device, taker, nonce,
  approval, machine, redeemed_by AS redeemedBy, redeemed FROM pairings WHERE key = ?`;

type Cells = Omit<PairingRow, 'request' | 'taker' | 'approval'> & {
  readonly request: string;
  readonly taker: string | null;
  readonly approval: string | null;
};

export function pairingRow(db: Statements, key: string): PairingRow | undefined {
  const cells = db.get<Cells>(ROW_SQL, key);
  return (
    cells && {
      ...cells,
      request: JSON.parse(cells.request) as PairingRequest,
      taker: cells.taker === null ? null : (JSON.parse(cells.taker) as PairingTaker),
      approval: cells.approval === null ? null : (JSON.parse(cells.approval) as PairingApproval),
    }
  );
}

/** A request whose time is not over. @throws SkerryError code_invalid */
export function livePairing(db: Statements, { key, now }: { readonly key: string; readonly now: number }): PairingRow {
  const row = pairingRow(db, key);
  if (row === undefined || row.expiresAt <= now) throw new SkerryError('code_invalid');
  return row;
}

/** As the machine sees it. @throws SkerryError code_invalid once there is nothing more to wait for */
export function statusOf(row: PairingRow, { now, nonce }: { now: number; nonce: string }): PairingStatus {
  const { machine, approval, taker } = row;
  return {
    state: shownState(row),
    expiresAt: row.expiresAt,
    serverTime: now,
    taker,
    approval: row.state === 'approved' && approval !== null && machine !== null ? { machine, ...approval } : null,
    nonce,
  };
}

/** As the person's device that took it sees it. @throws SkerryError code_invalid */
export function viewOf(row: PairingRow, now: number): PairingView {
  const { request, askedAt, expiresAt, nonce } = row;
  return { request, state: shownState(row), askedAt, expiresAt, serverTime: now, nonce };
}

function shownState({ state }: PairingRow): PairingStatus['state'] {
  if (state === 'redeemed' || state === 'withdrawn') throw new SkerryError('code_invalid');
  return state === 'reported' ? 'denied' : state;
}
