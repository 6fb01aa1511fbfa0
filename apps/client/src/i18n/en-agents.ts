import { agents } from './en/agents.ts';
import { permission } from './en/permission.ts';

/** The English words of machines, runs and what agents want to be allowed, fetched with their screens. */
export const enAgents = { agents, permission };
