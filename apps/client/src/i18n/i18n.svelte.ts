import type { AssistantsCatalogue, Catalogue, PagesCatalogue } from './catalogue.ts';
import { en } from './en.ts';

/** The language in use. English is built in; another would be as many lazy modules of the same types. */
class I18n {
  #catalogue: Catalogue = $state.raw(en);
  #pages: PagesCatalogue | undefined = $state.raw();
  #assistants: AssistantsCatalogue | undefined = $state.raw();

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  get pages(): PagesCatalogue | undefined {
    return this.#pages;
  }

  get assistants(): AssistantsCatalogue | undefined {
    return this.#assistants;
  }

  use(catalogue: Catalogue, pages: PagesCatalogue, assistants: AssistantsCatalogue): void {
    this.#catalogue = catalogue;
    this.#pages = pages;
    this.#assistants = assistants;
  }
}

export const i18n = new I18n();
