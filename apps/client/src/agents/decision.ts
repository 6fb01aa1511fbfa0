import type { AskView } from '@skerry/core';
import type { AskContent } from '@skerry/protocol/agents';

/** What a person decided: the id of a choice, words, or both. */
export type Decision = { readonly choice: string | null; readonly text: string | null };

export type Permission = Extract<AskContent, { kind: 'permission' }>;
export type Choice = Permission['choices'][number];

/** What is asked, where it is a permission that can be read here. */
export const permissionOf = (ask: AskView): Permission | null =>
  ask.content?.kind === 'permission' ? ask.content : null;

/** The choice that a no is. Null where the agent offers none: then nothing is chosen. */
export function refusalOf({ choices }: Permission): Choice | null {
  return (
    choices.find(({ kind }) => kind === 'reject_once') ?? choices.find(({ kind }) => kind === 'reject_always') ?? null
  );
}

export type Outcome = 'allowed' | 'allowedRun' | 'denied' | 'answered';

/** What an answer came to, as far as it can be read here. */
export function outcomeOf(ask: AskView): Outcome {
  const [content, given] = [permissionOf(ask), ask.answer?.content];
  if (content === null || given == null) return 'answered';
  const kind = content.choices.find(({ id }) => id === given.choice)?.kind;
  if (kind === 'allow_once') return 'allowed';
  return kind === 'allow_always' ? 'allowedRun' : 'denied';
}
