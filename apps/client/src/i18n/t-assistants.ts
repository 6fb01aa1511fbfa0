import type { AssistantsCatalogue, Catalogue } from './catalogue.ts';
import { enAssistants } from './en-assistants.ts';
import { i18n } from './i18n.svelte.ts';
import { t as start } from './t.ts';

/** The words of the start and of the assistants: `t.assistants.title`. For what is fetched with the assistants alone. */
export const t: Catalogue & AssistantsCatalogue = new Proxy({} as Catalogue & AssistantsCatalogue, {
  get: (_target, area) =>
    area in enAssistants
      ? (i18n.assistants ?? enAssistants)[area as keyof AssistantsCatalogue]
      : start[area as keyof Catalogue],
});
