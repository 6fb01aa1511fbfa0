import type { Catalogue, PagesCatalogue } from './catalogue.ts';
import { enPages } from './en-pages.ts';
import { i18n } from './i18n.svelte.ts';
import { t as start } from './t.ts';

/**
 * Every string, those of later pages included: `t.addServer.title`. Import it only from what is itself fetched later
 * (inbox, join, servers, settings, admin, dialogs): these words must not be part of the first load.
 */
export const t: Catalogue & PagesCatalogue = new Proxy({} as Catalogue & PagesCatalogue, {
  get: (_target, area) =>
    area in enPages ? (i18n.pages ?? enPages)[area as keyof PagesCatalogue] : start[area as keyof Catalogue],
});
