import { addServer } from './en/add-server.ts';
import { admin } from './en/admin.ts';
import { banner } from './en/banner.ts';
import { camera } from './en/camera.ts';
import { causes } from './en/causes.ts';
import { channelForms } from './en/channel-forms.ts';
import { connections } from './en/connections.ts';
import { emoji } from './en/emoji.ts';
import { firstRun } from './en/first-run.ts';
import { identity } from './en/identity.ts';
import { inbox } from './en/inbox.ts';
import { otherTab } from './en/other-tab.ts';
import { palette } from './en/palette.ts';
import { sealed } from './en/sealed.ts';
import { servers } from './en/servers.ts';
import { settings } from './en/settings.ts';
import { signIn } from './en/sign-in.ts';

/** The English words of pages and dialogs that are fetched when they are opened. */
export const enPages = {
  addServer,
  admin,
  banner,
  camera,
  causes,
  channelForms,
  connections,
  emoji,
  firstRun,
  identity,
  inbox,
  otherTab,
  palette,
  sealed,
  servers,
  settings,
  signIn,
};
