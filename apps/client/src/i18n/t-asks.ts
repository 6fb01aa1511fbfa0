import type { AsksCatalogue, Catalogue, PagesCatalogue } from './catalogue.ts';
import { enAsks } from './en-asks.ts';
import { i18n } from './i18n.svelte.ts';
import { t as pages } from './t-pages.ts';

/** The words of later pages, of asks and of pairing: `t.pairing.allow`. For what is fetched with those alone. */
export const t: Catalogue & PagesCatalogue & AsksCatalogue = new Proxy(
  {} as Catalogue & PagesCatalogue & AsksCatalogue,
  {
    get: (_target, area) =>
      area in enAsks
        ? (i18n.asks ?? enAsks)[area as keyof AsksCatalogue]
        : pages[area as keyof (Catalogue & PagesCatalogue)],
  },
);
