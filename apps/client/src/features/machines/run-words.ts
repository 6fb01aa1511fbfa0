import type { AskView, RunView } from '@skerry/core';
import { safeName } from '@skerry/protocol';
import { t } from '../../i18n/t-agents.ts';

/** What a run is called; titles are foreign text. */
export function titleOf({ meta, erased }: Pick<RunView, 'meta' | 'erased'>): string {
  if (erased) return t.agents.run.erased;
  if (meta === null) return t.agents.run.unread;
  const title = safeName(meta.title).trim();
  return title === '' ? t.agents.run.untitled : title;
}

export type RunLineWords = {
  readonly tone: 'ask' | 'question' | 'report' | 'busy' | 'bad' | 'plain';
  readonly text: string;
};

/** Where a run stands, in a few words. @param asks its open ones */
export function standingOf({ state }: Pick<RunView, 'state'>, asks: readonly AskView[]): RunLineWords {
  const says = t.agents.run;
  const [first] = asks;
  if (asks.length > 1) return { tone: toneOf(first), text: says.asks.several(asks.length) };
  if (first !== undefined) return { tone: toneOf(first), text: says.asks[kindOf(first)] };
  if (state === 'working' || state === 'starting') return { tone: 'busy', text: says.state[state] };
  return { tone: state === 'failed' ? 'bad' : 'plain', text: says.state[state] };
}

function toneOf(ask: AskView | undefined): 'ask' | 'question' | 'report' {
  return ask?.kind === 'question' || ask?.kind === 'report' ? ask.kind : 'ask';
}

function kindOf({ kind, content }: AskView): 'command' | 'write' | 'permission' | 'question' | 'report' {
  if (kind !== 'permission' || content?.kind !== 'permission') return kind;
  return content.subject.kind === 'tool' ? 'permission' : content.subject.kind;
}

/** "A permission, two questions": what waits, by kind. */
export function waitingWords(asks: readonly AskView[]): readonly string[] {
  return (['permission', 'question', 'report'] as const).flatMap((kind) => {
    const count = asks.filter((ask) => ask.kind === kind).length;
    return count === 0 ? [] : [t.agents.waitingKinds[kind](count)];
  });
}
