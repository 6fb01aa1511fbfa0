/** What is loaded once a person makes, enters or unlocks a master secret. */
export { createMasterSecret, CryptoError, deriveAccountKeys } from '@skerry/crypto';
