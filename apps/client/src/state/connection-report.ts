import type { ConnectionEvent, ServerView } from '@skerry/core';

/** What happened to one connection, without a name, address or account: safe to paste into a public place. */
export function reportOf(server: ServerView, history: readonly ConnectionEvent[], isDeviceOnline: boolean): string {
  const first = history[0]?.at ?? 0;
  const lines = history.map((event) => {
    const cause = event.cause === null ? '' : ` ${JSON.stringify(event.cause)}`;
    return `+${((event.at - first) / 1000).toFixed(1)} s ${event.what}${cause}`;
  });
  const { entry } = server;
  return [
    `state: ${server.state.kind}, attempts: ${server.attempts}, latency: ${server.latencyMs ?? '-'} ms`,
    `device online: ${isDeviceOnline}, addresses: ${entry.addresses.length}, encrypted: ${entry.addresses.every((address) => address.origin.startsWith('https:'))}`,
    `waiting to be sent: ${server.waiting}, refused: ${server.parked}`,
    ...lines,
  ].join('\n');
}
