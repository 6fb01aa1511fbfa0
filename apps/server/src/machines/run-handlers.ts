import { LIMITS } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';
import type { RunDeps } from './machine-deps.ts';

const sizeOf = (limit: number | undefined): number => Math.max(1, Math.min(limit ?? LIMITS.page, LIMITS.page));

/** What a person's client reads of machines, runs and asks. */
export function runHandlers({
  db,
  online,
}: RunDeps): Pick<Handlers, 'machines' | 'runs' | 'run' | 'runEntries' | 'ask'> {
  return {
    machines: ({ caller: { account } }) => db.read('machines.snapshot', { account, online: online(account) }),

    runs: ({ caller: { account }, query }) =>
      db.read('machines.runs', { account, before: query.before ?? null, limit: sizeOf(query.limit) }),

    run: ({ caller: { account }, params }) => db.read('machines.run', { account, run: params.runId }),

    runEntries: ({ caller: { account }, params, query }) =>
      db.read('machines.entries', {
        account,
        run: params.runId,
        after: query.after ?? null,
        before: query.before ?? null,
        limit: sizeOf(query.limit),
      }),

    ask: ({ caller: { account }, params }) => db.read('machines.ask', { account, ask: params.askId }),
  };
}
