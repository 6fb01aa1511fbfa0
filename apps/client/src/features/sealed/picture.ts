/** What the first bytes of a file say it is, as far as pictures go that a browser draws without running anything. */
export type Picture = {
  readonly type: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  readonly width: number;
  readonly height: number;
};

/** A small file may unfold into a picture that takes all memory. */
const MOST_PIXELS = 40_000_000;

/**
 * The picture in a file, by its content: the name and type that came with it are its sender's words. Undefined for
 * everything else, SVG and HTML among it, and for pictures too large to be drawn.
 */
export function pictureOf(bytes: Uint8Array): Picture | undefined {
  const found = png(bytes) ?? gif(bytes) ?? webp(bytes) ?? jpeg(bytes);
  if (found === undefined || found.width === 0 || found.height === 0) return undefined;
  return found.width * found.height <= MOST_PIXELS ? found : undefined;
}

function png(bytes: Uint8Array): Picture | undefined {
  if (bytes.length < 24 || !has(bytes, 0, '\x89PNG\r\n\x1a\n') || !has(bytes, 12, 'IHDR')) return undefined;
  const view = viewOf(bytes);
  return { type: 'image/png', width: view.getUint32(16), height: view.getUint32(20) };
}

function gif(bytes: Uint8Array): Picture | undefined {
  if (bytes.length < 10 || !(has(bytes, 0, 'GIF87a') || has(bytes, 0, 'GIF89a'))) return undefined;
  const view = viewOf(bytes);
  return { type: 'image/gif', width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

function webp(bytes: Uint8Array): Picture | undefined {
  if (bytes.length < 30 || !has(bytes, 0, 'RIFF') || !has(bytes, 8, 'WEBP')) return undefined;
  const view = viewOf(bytes);
  if (has(bytes, 12, 'VP8X')) return { type: 'image/webp', width: 1 + uint24(view, 24), height: 1 + uint24(view, 27) };
  if (has(bytes, 12, 'VP8L') && view.getUint8(20) === 0x2f) {
    const packed = view.getUint32(21, true);
    return { type: 'image/webp', width: 1 + (packed & 0x3fff), height: 1 + ((packed >>> 14) & 0x3fff) };
  }
  if (has(bytes, 12, 'VP8 ') && has(bytes, 23, '\x9d\x01\x2a'))
    return { type: 'image/webp', width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  return undefined;
}

function jpeg(bytes: Uint8Array): Picture | undefined {
  if (bytes.length < 12 || !has(bytes, 0, '\xff\xd8\xff')) return undefined;
  const view = viewOf(bytes);
  let at = 2;
  while (at + 9 < bytes.length) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    // Filler, and markers that stand alone.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { type: 'image/jpeg', width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    else at += 2 + Math.max(2, view.getUint16(at + 2));
  }
  return undefined;
}

function has(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (bytes[at + index] !== text.charCodeAt(index)) return false;
  return true;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const uint24 = (view: DataView, at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
