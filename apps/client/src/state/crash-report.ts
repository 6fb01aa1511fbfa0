const MAX_PLACES = 12;

/**
 * What is known about an error of this app, without anything a person or a server wrote: its kind, and where in our own
 * code it happened. Messages of errors are left out, since they may quote what was being read.
 */
export function crashReport(error: unknown, version: string): string {
  const kind = error instanceof Error ? error.name : typeof error;
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  const places = lines.map(placeOf).filter((place) => place !== undefined);
  return [`skerry ${version}`, `error: ${kind}`, ...places.slice(0, MAX_PLACES)].join('\n');
}

/** A line of a stack as `function file:line:column`; the address the file came from is left out. */
function placeOf(line: string): string | undefined {
  const place = /\/([\w.-]+\.(?:js|ts|svelte)):(\d+:\d+)\)?$/.exec(line);
  if (place === null) return undefined;
  const name = (/^\s*at (\S+) \(/.exec(line) ?? /^([^@\s]+)@/.exec(line))?.[1] ?? '?';
  return `  ${name} ${place[1]}:${place[2]}`;
}
