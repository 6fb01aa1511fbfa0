import { addServer } from './en/add-server.ts';
import { admin } from './en/admin.ts';
import { servers } from './en/servers.ts';
import { settings } from './en/settings.ts';
import { signIn } from './en/sign-in.ts';

/** The English words of pages and dialogs that are fetched when they are opened. */
export const enPages = { addServer, admin, servers, settings, signIn };
