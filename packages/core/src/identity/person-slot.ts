import type { EntryId } from '../views.ts';

/** Beside the secrets of the entries in the vault; no entry ever has this id. */
export const PERSON = '00000000-0000-4000-8000-000000000002' as EntryId;

/** Where the record lies. One that can't be read stays where it is, and the next place is used; they count from 1. */
export const slotOf = (place: number): string => `person/${place}`;
