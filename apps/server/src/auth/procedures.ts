import { createInvite, listInvites, revokeInvite } from './invites.ts';
import { addChallenge, addKey, keySignIn } from './key-login.ts';
import { accessByHash, credentials, listSessions } from './reads.ts';
import { prepareSetup, register, requireAdmission } from './registration.ts';
import {
  changePassword,
  exchange,
  makeResetCode,
  refresh,
  resetPassword,
  revokeSession,
  signIn,
  tidy,
} from './writes.ts';

export const AUTH_WRITES = {
  'auth.register': register,
  'auth.prepareSetup': prepareSetup,
  'auth.signIn': signIn,
  'auth.challenge': addChallenge,
  'auth.keySignIn': keySignIn,
  'auth.addKey': addKey,
  'auth.exchange': exchange,
  'auth.refresh': refresh,
  'auth.revokeSession': revokeSession,
  'auth.changePassword': changePassword,
  'auth.makeResetCode': makeResetCode,
  'auth.resetPassword': resetPassword,
  'auth.createInvite': createInvite,
  'auth.revokeInvite': revokeInvite,
  'auth.tidy': tidy,
};

export const AUTH_READS = {
  'auth.access': accessByHash,
  'auth.credentials': credentials,
  'auth.admission': requireAdmission,
  'auth.sessions': listSessions,
  'auth.invites': listInvites,
};
