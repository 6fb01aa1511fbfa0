/** The span of protocol versions one side speaks. */
export type VersionRange = { readonly min: number; readonly max: number };

/** What this build speaks. A change that an older peer cannot read raises `max`; dropping a version raises `min`. */
export const PROTOCOL: VersionRange = { min: 1, max: 1 };

export type Negotiated =
  { readonly ok: true; readonly version: number } | { readonly ok: false; readonly older: 'client' | 'server' };

/** Picks the newest version both sides speak, or says which side must be updated. SPEC P-3. */
export function negotiate(client: VersionRange, server: VersionRange): Negotiated {
  const version = Math.min(client.max, server.max);
  if (version >= client.min && version >= server.min) return { ok: true, version };
  return { ok: false, older: client.max < server.min ? 'client' : 'server' };
}
