import { SkerryError, type Envelope, type SealedKind } from '@skerry/protocol';
import type { Roster } from './devices.ts';

type Sender = { readonly account: string; readonly device: number };

/**
 * In a direct conversation each listed device of both gets exactly one envelope, but the sending one; in a group any
 * listed device of a member may get one. SPEC E-5.
 * @throws SkerryError bad_request
 */
export function judgeEnvelopes({
  kind,
  envelopes,
  roster,
  sender,
}: {
  readonly kind: SealedKind;
  readonly envelopes: readonly Envelope[];
  readonly roster: Roster;
  readonly sender: Sender;
}): void {
  if (kind === 'group' && envelopes.length === 0) return;
  const expected = new Set<string>();
  for (const [account, { listed }] of roster.members)
    for (const device of listed.keys()) expected.add(key(account, device));
  expected.delete(key(sender.account, sender.device));
  for (const { account, device, body } of envelopes) {
    if (body === '') throw refused('An envelope holds something.');
    // What is met once is met no second time.
    if (!expected.delete(key(account, device))) throw refused('An envelope is for a listed device of a member, once.');
  }
  if (kind === 'direct' && expected.size > 0) throw refused('Every device of both people gets an envelope.');
}

const key = (account: string, device: number): string => `${account} ${device}`;

const refused = (message: string): SkerryError => new SkerryError('bad_request', { field: 'envelopes', message });
