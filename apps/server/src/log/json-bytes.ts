const utf8 = new TextEncoder();

/** JSON text as bytes of their own, which can be handed to another thread without a copy. */
export const jsonBytes = (json: string): Uint8Array => utf8.encode(json);
