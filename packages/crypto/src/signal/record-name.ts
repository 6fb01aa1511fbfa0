import { CryptoError } from '../errors.ts';
import { unreachable } from '../unreachable.ts';
import { addressKey } from './address.ts';
import type { Change } from './stores.ts';
import { uuidBytes } from './uuid.ts';

type Named = Change extends infer C ? (C extends Change ? Omit<C, 'record'> : never) : never;

/**
 * What a record is kept under: different for different records.
 * @throws CryptoError `malformed` for a number, address or distribution id that is none
 */
export function recordName(of: Named): string {
  switch (of.store) {
    case 'ownIdentity':
      return of.store;
    case 'identity':
    case 'session':
      return `${of.store}/${addressKey(of.address)}`;
    case 'preKey':
    case 'signedPreKey':
    case 'kyberPreKey':
      if (!isId(of.id)) throw new CryptoError('malformed');
      return `${of.store}/${String(of.id)}`;
    case 'senderKey':
      uuidBytes(of.distributionId);
      return `${of.store}/${of.distributionId}/${addressKey(of.sender)}`;
    default:
      return unreachable(of);
  }
}

/** The number in the name of a numbered record. @throws CryptoError `malformed` for a name that no such record has */
export function idIn(name: string, store: string): number {
  const id = Number(name.slice(store.length + 1));
  if (!isId(id) || name !== `${store}/${String(id)}`) throw new CryptoError('malformed');
  return id;
}

function isId(id: number): boolean {
  return Number.isSafeInteger(id) && id >= 0;
}
