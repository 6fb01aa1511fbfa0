import { randomBytes } from 'node:crypto';
import { uuidv7, type AccountId, type ChannelId, type CommandId, type SessionId } from '@skerry/protocol';
import type { parts } from '@skerry/server';

export type Person = { readonly account: AccountId; readonly session: SessionId };

export const newId = <Id extends string = CommandId>(): Id => uuidv7<Id>(Date.now(), randomBytes(10));

const secret = (): string => randomBytes(32).toString('base64url');

/** Sets an empty database up as a server's, with accounts that are all in its first channel. */
export async function settle(db: parts.Database, count: number): Promise<{ people: Person[]; channel: ChannelId }> {
  const channel = newId<ChannelId>();
  const settings = { publicKey: 'k'.repeat(43), rotation: null, name: 'Bench', description: '', operator: null };
  await db.write('server.start', { ...settings, freshId: newId(), registration: 'open' });
  await db.write('auth.prepareSetup', { codeHash: 'setup' });
  const people: Person[] = [];
  for (let i = 0; i < count; i++) {
    const account = newId<AccountId>();
    const session = {
      id: newId<SessionId>(),
      device: 'bench',
      refreshHash: secret(),
      accessHash: secret(),
      accessExpiresAt: Date.now() + 900_000,
    };
    const name = `p${i}`;
    await db.write('auth.register', {
      id: account,
      username: name,
      displayName: name,
      passwordHash: 'x',
      proof: null,
      codeHash: i === 0 ? 'setup' : null,
      session,
      firstChannel: channel,
    });
    people.push({ account, session: session.id });
  }
  return { people, channel };
}
