/** The name of an entry's storage key in the vault. */
export const STORAGE_KEY = 'keys';
