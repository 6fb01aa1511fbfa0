import type { en } from './en.ts';
import type { enAgents } from './en-agents.ts';
import type { enAsks } from './en-asks.ts';
import type { enAssistants } from './en-assistants.ts';
import type { enPages } from './en-pages.ts';

/** The shape of a catalogue: that of the English one, with any words in it. */
export type Words<T> = T extends string
  ? string
  : T extends (...args: infer Args) => string
    ? (...args: Args) => string
    : { readonly [Key in keyof T]: Words<T[Key]> };

export type Catalogue = Words<typeof en>;
export type PagesCatalogue = Words<typeof enPages>;
export type AssistantsCatalogue = Words<typeof enAssistants>;
export type AgentsCatalogue = Words<typeof enAgents>;
export type AsksCatalogue = Words<typeof enAsks>;
