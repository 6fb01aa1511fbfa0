import type { ProbeFailure } from '@skerry/core';
import { t } from '../../i18n/t-pages.ts';

/** What went wrong while an address was checked, in one sentence. */
export function failureSentence(failure: ProbeFailure, host: string): string {
  const words = t.addServer.problem;
  switch (failure.kind) {
    case 'address':
      return words.notAnAddress;
    case 'offline':
      return words.deviceOffline;
    case 'unreachable':
      return words.nothingAnswers(host);
    case 'timeout':
      return words.tooSlow(host);
    case 'notSkerry':
      return words.notSkerry(host);
    case 'notEncrypted':
      return words.plainNotHere;
    case 'redirected':
      return words.redirectedSomewhere(host);
    case 'refusedOrigin':
      return words.browserBlocked(host);
    case 'incompatible':
      return failure.older === 'server' ? words.serverOlder : words.appOlder;
    case 'identity':
      return failure.why === 'otherKey' ? words.wordsDiffer : words.proofFailed;
    case 'serverError':
      return words.serverBroken(host, failure.status);
  }
}
