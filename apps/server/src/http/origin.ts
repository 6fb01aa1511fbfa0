/** Which pages may call this server. */
export type OriginPolicy = {
  /** Lower case; `null`: any, since nothing is ambient here (no cookies), a page gets in only with a token of its own. */
  readonly allowed: readonly string[] | null;
};

/** `absent`: not a page (a command line, a bot). `own`: the page this very server served. */
export type OriginVerdict = 'absent' | 'own' | 'allowed' | 'refused';

/**
 * Judges the Origin header of a request or an upgrade. `null` (a sandboxed frame, a file) is refused always. T20, T21.
 * @param host the Host header the request came with
 */
export function judgeOrigin(origin: string | undefined, host: string | undefined, policy: OriginPolicy): OriginVerdict {
  if (origin === undefined) return 'absent';
  const lower = origin.toLowerCase();
  // Of several Origin headers Node makes one list: no browser sends that.
  if (lower === 'null' || lower === '' || lower.includes(',') || lower.length > 300) return 'refused';
  if (host !== undefined && (lower === `http://${host.toLowerCase()}` || lower === `https://${host.toLowerCase()}`))
    return 'own';
  if (policy.allowed === null) return 'allowed';
  return policy.allowed.includes(lower) ? 'allowed' : 'refused';
}
