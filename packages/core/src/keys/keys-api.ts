import { ACCOUNT_ROUTES, KEY_ROUTES } from '@skerry/protocol';
import type { AccountRoute, Api, FirstRoute, KeyRoute } from '../api/api.ts';

/** What keys and devices ask a server for. */
export type KeysApi = Pick<Api<FirstRoute | AccountRoute | KeyRoute>, 'call'>;

export function keysApi(api: Api): KeysApi {
  return api.with(ACCOUNT_ROUTES).with(KEY_ROUTES);
}
