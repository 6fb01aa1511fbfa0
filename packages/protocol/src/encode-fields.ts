const utf8 = new TextEncoder();

/**
 * The bytes a signature covers: each field as a 32-bit big-endian length and its UTF-8 bytes, so no two lists of
 * fields share an encoding. The first field is a label that no other use of the key has. SPEC P-10.
 */
export function encodeFields(fields: readonly string[]): Uint8Array {
  const parts = fields.map((field) => utf8.encode(field));
  const out = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    out.set(part, at + 4);
    at += 4 + part.length;
  }
  return out;
}
