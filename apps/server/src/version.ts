/** What this server says it is; the same as in its package. */
export const VERSION = '0.1.0';
