/** What lies in a server's data folder. */
export const DATABASE_FILE = 'skerry.db';
export const KEY_FILE = 'server.key';
