import { LIMITS, SkerryError, commandId, up, type CommandId, type Up } from '@skerry/protocol';
import { isTooDeep } from '../http/json-body.ts';

export type ParsedUp =
  | { readonly ok: true; readonly frame: Up }
  | { readonly ok: false; readonly id: CommandId | null; readonly error: SkerryError };

const KINDS: ReadonlySet<unknown> = new Set<Up['t']>([
  'hello',
  'auth',
  'cmd',
  'typing',
  'presence',
  'ping',
  'rpc',
  'rpc_answer',
  'voice',
]);

/** Reads one text frame. What is wrong with a command is told under its id, where it has one. SPEC P-11. */
export function parseUp(bytes: Uint8Array): ParsedUp {
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null)
    return { ok: false, id: null, error: new SkerryError('bad_frame', { message: 'A frame is one JSON object.' }) };
  const read = up.safeParse(value);
  if (read.success) return { ok: true, frame: read.data };
  const { t, id } = value as { t?: unknown; id?: unknown };
  if (!KINDS.has(t)) return { ok: false, id: null, error: new SkerryError('bad_frame') };
  const named = commandId.safeParse(id);
  return { ok: false, id: hasId(t) && named.success ? named.data : null, error: new SkerryError('bad_request') };
}

const hasId = (t: unknown): boolean => t === 'cmd' || t === 'rpc' || t === 'rpc_answer' || t === 'voice';

function parse(bytes: Uint8Array): unknown {
  if (isTooDeep(bytes, LIMITS.jsonDepth)) return undefined;
  try {
    // The socket has already checked that this is UTF-8.
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}
