import type { AskView, EntryId, RunView } from '@skerry/core';
import type { AskContent } from '@skerry/protocol/agents';

const RUN = '0190a0a0-0000-7000-8000-000000000001';
export const FOLDER = '/people/ada/code/invoices';
const SALT = 'AAAAAAAAAAAAAAAAAAAAAA';

export type PermissionContent = Extract<AskContent, { kind: 'permission' }>;

export function permission(more: Partial<PermissionContent> = {}): PermissionContent {
  return {
    v: 1,
    salt: SALT,
    kind: 'permission',
    folder: FOLDER,
    subject: { kind: 'command', command: 'pnpm', args: ['db:migrate', '--env', 'staging'], cwd: FOLDER, env: [] },
    choices: [
      { id: 'allow', name: 'Allow once', kind: 'allow_once' },
      { id: 'always', name: 'Allow this command in this run', kind: 'allow_always' },
      { id: 'refuse', name: 'Refuse', kind: 'reject_once' },
    ],
    cut: false,
    ...more,
  };
}

/** An ask that is open and may be answered, of the machine `studio-mac` on a server called Work. */
export function askView(more: Partial<AskView> = {}): AskView {
  const id = more.id ?? '0190a0a0-0000-7000-8000-0000000000a1';
  const entryId = more.entryId ?? ('work' as EntryId);
  return {
    key: `${entryId} ${id}`,
    entryId,
    serverLabel: 'Work',
    id,
    run: RUN,
    runTitle: 'Fix invoice rounding',
    machine: 7,
    machineName: 'studio-mac',
    machineOnline: true,
    kind: 'permission',
    state: 'open',
    content: permission(),
    openedAt: Date.now() - 10_000,
    expiresAt: Date.now() + 560_000,
    closedAt: null,
    answer: null,
    takenAt: null,
    progress: { kind: 'none' },
    stale: false,
    ...more,
  };
}

export function runView(more: Partial<RunView> = {}): RunView {
  const id = more.id ?? RUN;
  const entryId = more.entryId ?? ('work' as EntryId);
  return {
    key: `${entryId} ${id}`,
    entryId,
    serverLabel: 'Work',
    id,
    machine: 7,
    machineName: 'studio-mac',
    machineOnline: true,
    state: 'working',
    meta: {
      v: 1,
      kind: 'agent',
      title: 'Fix invoice rounding',
      folder: FOLDER,
      agent: 'Claude Code',
      branch: 'fix/rounding',
      mode: 'ask',
      modes: [
        { id: 'plan', name: 'Plan' },
        { id: 'ask', name: 'Ask first' },
        { id: 'auto', name: 'Auto' },
      ],
    },
    erased: false,
    head: 0,
    startedAt: Date.now() - 780_000,
    updatedAt: Date.now() - 5_000,
    asks: 0,
    ...more,
  };
}
