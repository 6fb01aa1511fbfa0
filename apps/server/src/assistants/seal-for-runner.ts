import { encodeRunnerSeal } from '@skerry/protocol';
import { sealTo } from '../sealed-box.ts';

export type RunnerSeal = Parameters<typeof encodeRunnerSeal>[0] & {
  /** The runner's X25519 key, raw, base64url. */
  readonly boxKey: string;
};

/** Seals a token so that one runner alone reads it, bound to what it is for. SPEC A-4. */
export function sealForRunner(secret: string, seal: RunnerSeal): string {
  return sealTo(secret, { boxKey: seal.boxKey, bound: encodeRunnerSeal(seal) });
}
