import encodeQR from 'qr';

/** Quiet modules around the code; a reader needs them to find it. */
export const QUIET = 4;

/**
 * The code of some bytes as squares, one string of SVG path commands in units of a module, with the quiet edge.
 * Bytes and not text: what is read is exactly what was shown.
 */
export function qrPath(bytes: Uint8Array): { readonly size: number; readonly path: string } {
  const rows = encodeQR(latin1(bytes), 'raw', { ecc: 'medium', encoding: 'byte', border: 1, textEncoder: bytesOf });
  let path = '';
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (row[x] !== true) continue;
      const from = x;
      while (row[x + 1] === true) x += 1;
      const width = x - from + 1;
      // What the encoder puts around is one module; the rest of the quiet edge is ours.
      path += `M${from + QUIET - 1} ${y + QUIET - 1}h${width}v1h-${width}z`;
    }
  });
  return { size: rows.length - 2 + 2 * QUIET, path };
}

/** One character per byte, as the encoder wants its text. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The bytes behind such a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
