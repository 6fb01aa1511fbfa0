import { assistants } from './en/assistants.ts';

/** The English words of the assistants, fetched with their screens. */
export const enAssistants = { assistants };
