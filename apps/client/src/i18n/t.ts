import type { Catalogue } from './catalogue.ts';
import { i18n } from './i18n.svelte.ts';

/**
 * Every string of what is there at the start: `t.app.name`, `t.rail.tipMentions(7)`. Read inside a template or an
 * effect it follows a change of language. What is fetched later takes its words from `t-pages.ts`.
 */
export const t: Catalogue = new Proxy({} as Catalogue, {
  get: (_target, area) => i18n.catalogue[area as keyof Catalogue],
});
