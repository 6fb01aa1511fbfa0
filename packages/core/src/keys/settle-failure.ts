import { SkerryError } from '@skerry/protocol';
import { OtherPersonError } from './own-list.ts';
import { type DeviceStatus, TrustError } from './ports.ts';
import { StorageKeyError } from './storage-key.ts';

/** The account was made with a password and has no key yet. */
export class NoKeyError extends Error {
  override readonly name = 'NoKeyError';
  readonly device: number;
  constructor(device: number) {
    super('no key');
    this.device = device;
  }
}

/** What a failure says about this device. Undefined for those that only say that nothing could be asked. */
export function statusOf(error: unknown): DeviceStatus | undefined {
  if (error instanceof OtherPersonError) return { kind: 'otherPerson', accountKey: error.accountKey };
  if (error instanceof TrustError) return { kind: 'broken', reason: error.reason };
  if (error instanceof StorageKeyError) return { kind: 'broken', reason: 'storage' };
  if (error instanceof NoKeyError) return { kind: 'noKey', device: error.device };
  return error instanceof SkerryError && error.code === 'not_found' ? { kind: 'unsupported' } : undefined;
}

/** Until the next connection only what the network, a busy server or one that lies for now has failed is tried again. */
export function isWorthRetrying(error: unknown): boolean {
  if (error instanceof TrustError) return true;
  return !(error instanceof SkerryError) || error.retry === 'later';
}
