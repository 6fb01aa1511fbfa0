/** The part of WebCrypto that keys are made, and files and backups encrypted with. */
export type { Subtle } from '@skerry/crypto';
