import type { ServerView } from '@skerry/core';
import { causeSentence } from '../../state/cause-sentence.ts';
import { isDeviceOnline } from '../../state/connection-words.ts';
import { t } from '../../i18n/t-pages.ts';

/** Why a server is not live, in one sentence; nothing where it is the device that is offline. */
export function whySentence(server: ServerView): string {
  const { state } = server;
  switch (state.kind) {
    case 'waiting':
      return isDeviceOnline() ? causeSentence(state.cause, server.host) : '';
    case 'signedOut':
      return t.connections.signedOutWhy[state.why];
    case 'incompatible':
      return state.older === 'server' ? t.causes.serverTooOld : t.causes.appTooOld;
    case 'identityChanged':
      return t.banner.keyChangedText;
    case 'disabled':
      return t.banner.pausedText;
    case 'connecting':
    case 'authenticating':
    case 'syncing':
    case 'live':
    case 'offline':
      return '';
  }
}
