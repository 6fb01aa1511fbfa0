import { addServer } from './en/add-server.ts';
import { admin } from './en/admin.ts';
import { app } from './en/app.ts';
import { channels } from './en/channels.ts';
import { connection } from './en/connection.ts';
import { inbox } from './en/inbox.ts';
import { messages } from './en/messages.ts';
import { palette } from './en/palette.ts';
import { rail } from './en/rail.ts';
import { servers } from './en/servers.ts';
import { settings } from './en/settings.ts';
import { signIn } from './en/sign-in.ts';
import { shortcuts } from './en/shortcuts.ts';
import { presence, status, time, ui } from './en/ui.ts';

/** The English catalogue, and by its type the shape every other language has. */
export const en = {
  addServer,
  admin,
  app,
  channels,
  connection,
  inbox,
  messages,
  palette,
  presence,
  rail,
  servers,
  settings,
  shortcuts,
  signIn,
  status,
  time,
  ui,
};

type Widen<T> = T extends string
  ? string
  : T extends (...args: infer Args) => string
    ? (...args: Args) => string
    : { readonly [Key in keyof T]: Widen<T[Key]> };

export type Catalogue = Widen<typeof en>;
