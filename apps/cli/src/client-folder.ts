import { fileURLToPath } from 'node:url';

/** Where the build puts the client. */
export const CLIENT_FOLDER = fileURLToPath(new URL('../../client/dist', import.meta.url));
