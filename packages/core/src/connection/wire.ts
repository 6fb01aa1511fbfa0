import { down, type Down, SOCKET_PATH } from '@skerry/protocol';

/** https becomes wss and http ws; host and port stay. */
export function socketUrl(origin: string): string {
  return `${origin.replace(/^http/, 'ws')}${SOCKET_PATH}`;
}

/** A frame of the server; undefined for anything the schemas do not know. */
export function parseFrame(text: string): Down | undefined {
  try {
    const read = down.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}
