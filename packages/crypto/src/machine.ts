/** What a program needs that was paired, and no page. */
export { adoptIdentity } from './signal/identity.ts';
