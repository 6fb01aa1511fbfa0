import { negotiate, PROTOCOL, SkerryError, type VersionRange } from '@skerry/protocol';
import { type End, endOf, lost } from './state.ts';

/** What an address says of itself to anyone. @throws SkerryError */
export type AskHealth = () => Promise<{ readonly protocol: VersionRange }>;

/** A socket did not open: what else answers there? No Skerry, one that refuses this page, one that is too old, or nothing. */
export async function diagnose(ask: AskHealth, end: End): Promise<End> {
  try {
    const { protocol } = await ask();
    const negotiated = negotiate(PROTOCOL, protocol);
    // All is well there but for the socket: something on the way does not let it through.
    return negotiated.ok ? lost({ kind: 'closed', code: 1006 }) : { kind: 'incompatible', older: negotiated.older };
  } catch (error) {
    const found = error instanceof SkerryError ? endOf(error) : end;
    return found.kind === 'lost' && found.cause.kind !== 'timeout' ? found : end;
  }
}

/** The refusal of a version does not say which side has to be updated; the range the server names does. */
export async function whoIsOlder(ask: AskHealth, end: End): Promise<End> {
  try {
    const negotiated = negotiate(PROTOCOL, (await ask()).protocol);
    return negotiated.ok ? end : { kind: 'incompatible', older: negotiated.older };
  } catch {
    return end;
  }
}
