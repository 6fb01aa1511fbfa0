// What draws in the libraries comes first: side by side their code packs better.
export { openRecord, sealRecord } from './sealed-record.ts';
export type { RecordPlace } from './sealed-record.ts';
export { FULL_STOCK, REFILL_BELOW, upkeepPreKeys } from './signal/upkeep.ts';
export type { OnServer, PublicPreKey, Publication, SignedPublicPreKey } from './signal/upkeep.ts';
export { Sessions } from './signal/sessions.ts';
export type { Envelope } from './signal/sessions.ts';

export { CryptoError } from './errors.ts';
export type { CryptoErrorCode, Remedy } from './errors.ts';
export type { Clock, Curve, Exclusive, KeyUse, Random, Subtle, WebAlgorithm, WebKey, WrapKey } from './ports.ts';
export { webCurve } from './curve/web-curve.ts';
export { MAX_ATTACHMENT, openAttachment, sealAttachment } from './attachments.ts';
export type { AttachmentKey } from './attachments.ts';
export { MAX_BACKUP, openBackup, sealBackup } from './backup/backup.ts';
export type { BackupUse } from './backup/backup.ts';

export { compareScanned, safetyNumber } from './identity/safety-number.ts';
export type { Comparison, Party, SafetyNumber } from './identity/safety-number.ts';
export { createSigningKey, signBytes, signingKeyOf, verifyBytes } from './identity/sign.ts';

export { createMasterSecret } from './master/master-secret.ts';
export { deriveAccountKeys } from './master/account-keys.ts';
export type { AccountKeys, KeyPair } from './master/account-keys.ts';
export { encodeLogin, LOGIN_LIFETIME_MS, signLogin, verifyLogin } from './master/login.ts';
export type { LoginChallenge } from './master/login.ts';
export { openSealed, sealTo } from './master/sealed-box.ts';
export { createDataKey, openPayload, sealPayload, unwrapKey, wrapKey } from './master/payload.ts';
export type { PayloadDeps, PayloadPlace } from './master/payload.ts';

export { unwrapSecret, webWrapKey, wrapSecret } from './vault/wrapped-secret.ts';

export { addressKey } from './signal/address.ts';
export type { Address } from './signal/address.ts';
export type { Device } from './signal/device.ts';
export { createQueues, createTabLocks } from './signal/exclusive.ts';
export type { Locks } from './signal/exclusive.ts';
export { Groups } from './signal/groups.ts';
export type { GroupSealed } from './signal/groups.ts';
export { createIdentity } from './signal/identity.ts';
export type { KnownIdentity, PublicIdentity } from './signal/identity.ts';
export type { Bundle, PostQuantum } from './signal/initiate.ts';
export { signalStoresOver } from './signal/sealed-stores.ts';
export type { RecordPort, RecordWrite, SealedStores } from './signal/sealed-stores.ts';
export type {
  Change,
  IdentityStore,
  KyberPreKeyStore,
  PreKeyStore,
  SenderKeyStore,
  SessionStore,
  Settle,
  SignalStores,
  SignedPreKeyStore,
} from './signal/stores.ts';
