import type { Catalogue, PagesCatalogue } from './catalogue.ts';
import { en } from './en.ts';

/** The language in use. English is built in; another would be a pair of lazy modules of the same types. */
class I18n {
  #catalogue: Catalogue = $state.raw(en);
  #pages: PagesCatalogue | undefined = $state.raw();

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  get pages(): PagesCatalogue | undefined {
    return this.#pages;
  }

  use(catalogue: Catalogue, pages: PagesCatalogue): void {
    this.#catalogue = catalogue;
    this.#pages = pages;
  }
}

export const i18n = new I18n();
