import type { AgentsCatalogue, AsksCatalogue, AssistantsCatalogue, Catalogue, PagesCatalogue } from './catalogue.ts';
import { en } from './en.ts';

/** Words that are fetched with the screens they are for. */
type LaterWords = {
  readonly pages: PagesCatalogue;
  readonly assistants: AssistantsCatalogue;
  readonly agents: AgentsCatalogue;
  readonly asks: AsksCatalogue;
};

/** The language in use. English is built in; another would be as many lazy modules of the same types. */
class I18n {
  #catalogue: Catalogue = $state.raw(en);
  #later: Partial<LaterWords> = $state.raw({});

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  get pages(): PagesCatalogue | undefined {
    return this.#later.pages;
  }

  get assistants(): AssistantsCatalogue | undefined {
    return this.#later.assistants;
  }

  get agents(): AgentsCatalogue | undefined {
    return this.#later.agents;
  }

  get asks(): AsksCatalogue | undefined {
    return this.#later.asks;
  }

  use(catalogue: Catalogue, later: LaterWords): void {
    this.#catalogue = catalogue;
    this.#later = later;
  }
}

export const i18n = new I18n();
