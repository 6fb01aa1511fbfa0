import { LIMITS, SkerryError } from '@skerry/protocol';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads JSON whose nesting is bounded before it is parsed, so that no depth reaches the parser's stack. T23.
 * @throws SkerryError bad_request
 */
export function parseJson(bytes: Uint8Array): unknown {
  if (isTooDeep(bytes, LIMITS.jsonDepth))
    throw new SkerryError('bad_request', { message: 'The JSON is nested too deeply.' });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SkerryError('bad_request', { message: 'The body is not JSON.', cause });
  }
}

/** Whether arrays and objects nest deeper than `most`. Looks at bytes only; what is no JSON gets some answer. */
export function isTooDeep(bytes: Uint8Array, most: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > most) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}
