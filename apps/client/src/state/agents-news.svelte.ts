import { createContext } from 'svelte';

/** What waits for the person at their agents, over all servers that are not muted; 0 until their machines are loaded. */
export class AgentsNews {
  asks: number = $state(0);
}

const [useAgentsNews, provideAgentsNews] = createContext<AgentsNews>();
export { provideAgentsNews, useAgentsNews };
