// The web globals this package may use; everything else of the DOM or Node is a compile error.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label: 'utf-8', options: { fatal: boolean });
  decode(bytes: Uint8Array): string;
}
interface AbortSignal {
  throwIfAborted(): void;
}
