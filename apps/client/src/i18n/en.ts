import { app } from './en/app.ts';
import { channels } from './en/channels.ts';
import { connection } from './en/connection.ts';
import { inbox } from './en/inbox.ts';
import { messages } from './en/messages.ts';
import { palette } from './en/palette.ts';
import { rail } from './en/rail.ts';
import { shortcuts } from './en/shortcuts.ts';
import { presence, status, time, ui } from './en/ui.ts';
import { verbs } from './en/verbs.ts';

/** The English words of what is on screen at the start. Those of pages that are fetched later are in `en-pages.ts`. */
export const en = {
  app,
  channels,
  connection,
  inbox,
  messages,
  palette,
  presence,
  rail,
  shortcuts,
  status,
  time,
  ui,
  verbs,
};
