import { i18n } from './i18n.svelte.ts';
import type { Catalogue } from './en.ts';

/**
 * Every string the interface shows: `t.addServer.title`, `t.inbox.doneOn(7)`. Read inside a template or an effect it
 * follows a change of language.
 */
export const t: Catalogue = new Proxy({} as Catalogue, {
  get: (_target, area) => i18n.catalogue[area as keyof Catalogue],
});
