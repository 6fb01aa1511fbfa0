import { createContext } from 'svelte';
import { t } from '../i18n/t.ts';

/** The title of the browser tab: how many things wait, where the person is, and the app. */
export class PageTitle {
  #place: string = $state('');
  #mentions: number = $state(0);

  get text(): string {
    const count = this.#mentions > 0 ? `${t.app.titleMentions(this.#mentions)} ` : '';
    return count + (this.#place === '' ? t.app.name : t.app.titleWith(this.#place));
  }

  /** Names the place; views call it in an effect, so it follows what they show. */
  set place(name: string) {
    this.#place = name;
  }

  set mentions(count: number) {
    this.#mentions = count;
  }
}

const [usePageTitle, providePageTitle] = createContext<PageTitle>();
export { providePageTitle, usePageTitle };
