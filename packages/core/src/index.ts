export { type ClientOptions, createClient } from './client.ts';
export { simpleState } from './connection/state.ts';
export {
  IdentityError,
  IncompatibleError,
  LocalError,
  ReachError,
  type SeenIdentity,
  SignedOutError,
} from './errors.ts';
export type { Credentials, ServerHandle, SkerryClient, TabState, Timeline } from './face.ts';
export * from './platform.ts';
export type * from './assistants/face.ts';
export type * from './identity/face.ts';
export type * from './keys/face.ts';
export { AgentRefusal } from './machines/face.ts';
export type * from './machines/face.ts';
export type { DeviceStatus, TrustReason } from './keys/ports.ts';
export { hostOf, labelOf } from './servers/label.ts';
export { type Picture, pictureType } from './servers/picture.ts';
export type * from './sealed/face.ts';
export * from './stores/stores.ts';
export type { Subscribable } from './subscribable.ts';
export { constant, derived, Value, waitFor } from './value.ts';
export type * from './views.ts';
