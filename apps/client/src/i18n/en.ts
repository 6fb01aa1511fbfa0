import { app } from './en/app.ts';
import { channels } from './en/channels.ts';
import { connection } from './en/connection.ts';
import { messages } from './en/messages.ts';
import { rail } from './en/rail.ts';
import { shortcuts } from './en/shortcuts.ts';
import { presence, status, time, ui } from './en/ui.ts';
import { verbs } from './en/verbs.ts';

/** The English words of what is on screen at the start. Those of pages that are fetched later are in `en-pages.ts`. */
export const en = {
  app,
  channels,
  connection,
  messages,
  presence,
  rail,
  shortcuts,
  status,
  time,
  ui,
  verbs,
};
