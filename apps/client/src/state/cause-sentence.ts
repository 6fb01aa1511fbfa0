import type { Cause } from '@skerry/core';
import { t } from '../i18n/t-pages.ts';

/** Why there is no connection, in a sentence that says where. */
export function causeSentence(cause: Cause, host: string): string {
  const words = t.causes;
  switch (cause.kind) {
    case 'unreachable':
      return words.unreachable(host);
    case 'timeout':
    case 'silent':
      return words.timeout(host);
    case 'closed':
      return words.closed(host);
    case 'restarting':
      return words.restarting;
    case 'rateLimited':
      return words.busy;
    case 'slow':
      return words.slowReader;
    case 'notSkerry':
      return words.notSkerry(host);
    case 'insecure':
      return words.insecure(host);
    case 'refusedOrigin':
      return words.refusedOrigin(host);
    case 'serverError':
      return words.serverError(host);
    case 'protocol':
      return words.protocol;
  }
}
