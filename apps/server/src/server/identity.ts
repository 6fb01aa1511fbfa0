import type { KeyRotation, Proof, ServerId } from '@skerry/protocol';
import type { ServerKey } from './server-key.ts';

/** Who this server is, and how it shows that: over HTTP and at the start of every socket alike. */
export class Identity {
  readonly serverId: ServerId;
  readonly #key: ServerKey;
  readonly #rotations: readonly KeyRotation[];

  constructor(parts: { serverId: ServerId; key: ServerKey; rotations: readonly KeyRotation[] }) {
    this.serverId = parts.serverId;
    this.#key = parts.key;
    this.#rotations = parts.rotations;
  }

  get publicKey(): string {
    return this.#key.publicKey;
  }

  get words(): readonly string[] {
    return this.#key.words;
  }

  /** Signs the caller's nonce together with the origin the caller says it dialled. SPEC P-10. */
  prove({ nonce, origin }: { nonce: string; origin: string }): Proof {
    const signature = this.#key.signProof({ nonce, origin, serverId: this.serverId });
    return { serverId: this.serverId, key: this.publicKey, signature, rotations: [...this.#rotations] };
  }
}
