import type { AgentsCatalogue, Catalogue } from './catalogue.ts';
import { enAgents } from './en-agents.ts';
import { i18n } from './i18n.svelte.ts';
import { t as start } from './t.ts';

/** The words of the start, and of machines, runs and permissions. For what is fetched with them alone. */
export const t: Catalogue & AgentsCatalogue = new Proxy({} as Catalogue & AgentsCatalogue, {
  get: (_target, area) =>
    area in enAgents ? (i18n.agents ?? enAgents)[area as keyof AgentsCatalogue] : start[area as keyof Catalogue],
});
