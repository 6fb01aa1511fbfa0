import type { ServerView } from '@skerry/core';
import { expect, it } from 'vitest';
import { reportOf } from './connection-report.ts';

it('tells what happened without names, addresses or accounts', () => {
  const server = {
    label: 'Harbour',
    host: 'secret-host.example',
    attempts: 3,
    latencyMs: null,
    waiting: 1,
    parked: 0,
    state: { kind: 'waiting', attempt: 3, nextAt: 0, cause: { kind: 'unreachable' }, since: 0 },
    entry: {
      addresses: [{ origin: 'https://secret-host.example', note: 'Office' }],
      account: { username: 'ada' },
      name: 'Harbour',
    },
  } as unknown as ServerView;
  const report = reportOf(
    server,
    [
      { at: 1_000, what: 'live', cause: null },
      { at: 3_500, what: 'waiting', cause: { kind: 'closed', code: 1006 } },
    ],
    true,
  );
  expect(report).toContain('+2.5 s waiting {"kind":"closed","code":1006}');
  for (const secret of ['secret-host', 'Harbour', 'ada', 'Office']) expect(report).not.toContain(secret);
});
