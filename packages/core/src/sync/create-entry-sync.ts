import { SkerryError } from '@skerry/protocol';
import type { Entry, EntryDeps } from './entry.ts';

/**
 * Opens what is kept of one entry. Returns at once; loading goes on behind it (see {@link Entry.ready}).
 */
export function createEntrySync(deps: EntryDeps): Entry {
  throw new SkerryError('unavailable', { message: `Entry ${deps.entryId} cannot be opened yet.` });
}
