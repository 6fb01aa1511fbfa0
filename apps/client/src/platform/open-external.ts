import { externalTarget } from '../ui/external-target.ts';

/**
 * Opens an address outside Skerry; the new page learns neither where it was opened from nor gets a handle on this
 * window. Returns whether it was opened: what the gate refuses is not.
 */
export function openExternal(address: string): boolean {
  const target = externalTarget(address);
  if (target === undefined) return false;
  const link = document.createElement('a');
  link.href = target.href;
  link.rel = 'noopener noreferrer';
  link.target = '_blank';
  link.click();
  return true;
}
