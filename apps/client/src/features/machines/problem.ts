import { AgentRefusal, LocalError } from '@skerry/core';
import { SkerryError } from '@skerry/protocol';
import { t } from '../../i18n/t-agents.ts';
import { sentenceOf } from '../../state/failure.ts';

export type Problem = {
  readonly text: string;
  /** What the agent or the machine said about it: foreign text. */
  readonly say: string | null;
};

/** Why a machine did not do something, as a person reads it. */
export function problemOf(error: unknown): Problem {
  const says = t.agents;
  if (error instanceof AgentRefusal) return { text: says.problem[error.problem], say: error.say };
  if (error instanceof SkerryError) {
    if (error.code === 'machine_offline') return { text: says.offline, say: null };
    if (error.code === 'timed_out') return { text: says.timedOut, say: null };
    if (error.code === 'no_device') return { text: says.noDevice, say: null };
    if (error.code === 'unavailable') return { text: says.unreached, say: null };
  }
  if (error instanceof LocalError && error.code === 'unavailable') return { text: says.unreached, say: null };
  return { text: sentenceOf(error), say: null };
}
