import { en, type Catalogue } from './en.ts';

/** The language in use. English is built in; another would be a lazy module of the same type. */
class I18n {
  #catalogue: Catalogue = $state.raw(en);

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  use(catalogue: Catalogue): void {
    this.#catalogue = catalogue;
  }
}

export const i18n = new I18n();
