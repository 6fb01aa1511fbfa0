import type { RunState } from '@skerry/protocol';
import { AGENT_LIMITS, type RunMeta } from '@skerry/protocol/agents';
import type { Ask, Line } from '../runs/run-entry.ts';
import { Cutter, named } from './cutter.ts';

/** What a run's log says about the run, line by line. */
export type RunSummary = {
  readonly state: RunState;
  readonly title: string;
  readonly folder: string;
  readonly mode: string | null;
  readonly modes: RunMeta['modes'];
  /** Prompts whose turn is not over. */
  readonly turns: number;
  /** Those that nobody has decided, with the times they were asked. */
  readonly open: ReadonlyMap<string, { readonly ask: Ask; readonly at: number }>;
};

export const NO_SUMMARY: RunSummary = {
  state: 'starting',
  title: '',
  folder: '',
  mode: null,
  modes: [],
  turns: 0,
  open: new Map(),
};

export function summarized(before: RunSummary, { entry, at }: Line): RunSummary {
  switch (entry.kind) {
    case 'begun':
      return {
        ...before,
        state: 'idle',
        turns: 0,
        folder: new Cutter().path(entry.folder),
        mode: entry.modes === null ? null : named(entry.modes.currentModeId),
        modes: (entry.modes?.availableModes ?? [])
          .slice(0, AGENT_LIMITS.modes)
          .map(({ id, name }) => ({ id: named(id), name: named(name) })),
      };
    case 'prompt':
      return {
        ...before,
        state: 'working',
        turns: before.turns + 1,
        title: before.title === '' ? named(entry.text.split('\n')[0] ?? '', AGENT_LIMITS.title) : before.title,
      };
    case 'turn': {
      const turns = Math.max(0, before.turns - 1);
      return { ...before, state: turns === 0 ? 'idle' : 'working', turns };
    }
    case 'mode':
      return { ...before, mode: named(entry.mode) };
    case 'update':
      return entry.update.sessionUpdate === 'current_mode_update'
        ? { ...before, mode: named(entry.update.currentModeId) }
        : before;
    case 'asked':
      return { ...before, open: new Map([...before.open, [entry.ask.id, { ask: entry.ask, at }]]) };
    case 'answered':
      return { ...before, open: new Map([...before.open].filter(([id]) => id !== entry.ask)) };
    case 'ended':
      return { ...before, state: entry.why === 'agent_ended' ? 'failed' : 'ended', turns: 0, open: new Map() };
    default:
      return before;
  }
}
