import type { Envelope as Sealed, Change } from '@skerry/crypto';
import { type AccountId, type CommandOf, encodeRoster, type Envelope, LIMITS, toBase64Url } from '@skerry/protocol';
import type { DeviceAddress, Keys, Listed } from '../keys/ports.ts';
import { type Content, encodeContent, encodeNote } from './content.ts';
import type { GroupState } from './chain.ts';
import { accountsOf } from './group-book.ts';

/** Whom something is encrypted for. */
export type Audience =
  | { readonly kind: 'direct'; readonly members: readonly AccountId[] }
  | { readonly kind: 'group'; readonly group: GroupState };

/** What a group's message brought to devices that lacked the sender's chain. */
export type Distributed = { readonly body: string; readonly to: readonly DeviceAddress[] };

export type Attempt = {
  readonly command: CommandOf<'sealed.send'> | CommandOf<'envelopes.send'>;
  readonly distributed: Distributed | null;
};

/** The first byte of an envelope. E-8 */
const KIND = { message: 1, prekey: 2 } as const;
const MAX_BODY = LIMITS.sealedBytes;

type Plain = { readonly to: DeviceAddress; readonly plain: Uint8Array };

/** Writes the attempt together with what the ratchets changed. */
type Commit = (attempt: Attempt, changes: readonly Change[]) => Promise<void>;

/**
 * Encrypts a message for everyone who shall read it. Every ratchet it moves and the command it makes are committed at
 * once: the bytes are kept before they leave, and no key is used for others.
 * @throws TrustError, CryptoError, SkerryError; then nothing has changed
 */
export async function encryptMessage(
  keys: Keys,
  message: { content: Omit<Content, 'chain'>; audience: Audience; blobs: CommandOf<'sealed.send'>['blobs'] },
  { signal, commit }: { signal: AbortSignal; commit: Commit },
): Promise<void> {
  const { content, audience, blobs } = message;
  const { channel, op, target } = content;
  const chain = audience.kind === 'group' ? audience.group.version : 0;
  const members = audience.kind === 'group' ? accountsOf(audience.group) : audience.members;
  const lists = await keys.devicesOf(members, signal);
  const roster = await keys.digest(
    encodeRoster({
      channel,
      chain,
      members: [...lists].map(([account, { version }]) => ({ account, devices: version })),
    }),
  );
  const others = addressesOf(lists, keys.self);
  const plain = encodeContent({ ...content, chain });
  const base = { kind: 'sealed.send', channel, op, target, roster, blobs } as const;
  if (audience.kind === 'direct') {
    for (const address of others) await keys.ensureSession(address, signal);
    await encryptForAll(
      keys,
      { plains: others.map((to) => ({ to, plain })), changes: [] },
      async (envelopes, changes) => commit({ command: { ...base, body: null, envelopes }, distributed: null }, changes),
    );
    return;
  }
  // Whoever lacks the chain is known only inside; a session with everyone is there by then.
  for (const address of others) await keys.ensureSession(address, signal);
  await keys.groups.encrypt({ distributionId: channel, members: others }, plain, async (sealed, own) => {
    const { distribution } = sealed;
    const brought =
      distribution === undefined
        ? null
        : { body: toBase64Url(distribution.body), to: distribution.to as readonly DeviceAddress[] };
    const note =
      brought && encodeNote({ server: keys.serverId, what: 'senderKey', channel, distribution: brought.body });
    const plains = (brought?.to ?? []).map((to) => ({ to, plain: note ?? plain }));
    await encryptForAll(keys, { plains, changes: own }, async (envelopes, changes) =>
      commit({ command: { ...base, body: toBase64Url(sealed.message), envelopes }, distributed: brought }, changes),
    );
  });
}

/** Encrypts what belongs to no message for single devices. @throws as {@link encryptMessage} */
export async function encryptNote(
  keys: Keys,
  { plain, to }: { plain: Uint8Array; to: readonly DeviceAddress[] },
  { signal, commit }: { signal: AbortSignal; commit: Commit },
): Promise<void> {
  for (const address of to) await keys.ensureSession(address, signal);
  await encryptForAll(
    keys,
    { plains: to.map((one) => ({ to: one, plain })), changes: [] },
    async (envelopes, changes) =>
      commit({ command: { kind: 'envelopes.send', envelopes }, distributed: null }, changes),
  );
}

/** Whose devices shall read it: each on its account's verified list, but this one. */
function addressesOf(lists: ReadonlyMap<AccountId, Listed>, self: DeviceAddress): DeviceAddress[] {
  return [...lists.values()]
    .flatMap(({ account, devices }) => devices.map(({ device }): DeviceAddress => ({ name: account, device })))
    .filter(({ name, device }) => name !== self.name || device !== self.device);
}

/**
 * Goes into one session inside of the other, in one order for everybody, so that all of them are settled by one commit and
 * two sends never wait for each other.
 */
async function encryptForAll(
  keys: Keys,
  { plains, changes }: { plains: readonly Plain[]; changes: readonly Change[] },
  commit: (envelopes: Envelope[], changes: readonly Change[]) => Promise<void>,
): Promise<void> {
  const ordered = [...plains].sort((a, b) => (nameOf(a.to) < nameOf(b.to) ? -1 : 1));
  const next = async (at: number, envelopes: Envelope[], all: readonly Change[]): Promise<void> => {
    const one = ordered[at];
    if (one === undefined) return commit(envelopes, all);
    await keys.sessions.encrypt(one.to, one.plain, (sealed, moved) =>
      next(at + 1, [...envelopes, envelopeOf(one.to, sealed)], [...all, ...moved]),
    );
  };
  await next(0, [], changes);
}

function nameOf({ name, device }: DeviceAddress): string {
  return `${name} ${String(device).padStart(5, '0')}`;
}

function envelopeOf(to: DeviceAddress, { kind, body }: Sealed): Envelope {
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = KIND[kind];
  bytes.set(body, 1);
  if (bytes.length > MAX_BODY) throw new RangeError('too large for an envelope');
  return { account: to.name, device: to.device, body: toBase64Url(bytes) };
}

/** What an envelope's bytes are. @returns undefined for a kind of this or no other version */
export function openedEnvelope(bytes: Uint8Array): Sealed | undefined {
  const kind = bytes[0] === KIND.message ? 'message' : bytes[0] === KIND.prekey ? 'prekey' : undefined;
  return kind && { kind, body: bytes.subarray(1) };
}

/** Which accounts' lists a failed roster is about. */
export function membersIn(audience: Audience): readonly AccountId[] {
  return audience.kind === 'group' ? accountsOf(audience.group) : audience.members;
}
