/** The pictures a server may be shown by. What its answer calls them is not asked; anything else, SVG above all, is none. */
export type PictureType = 'image/png' | 'image/jpeg' | 'image/webp';
export type Picture = { readonly type: PictureType; readonly bytes: Uint8Array<ArrayBuffer> };

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG = [0xff, 0xd8, 0xff];
const RIFF = [0x52, 0x49, 0x46, 0x46];
const WEBP = [0x57, 0x45, 0x42, 0x50];

/** What the bytes are by how they begin; undefined for everything that is not one of three kinds of picture. */
export function pictureType(bytes: Uint8Array): PictureType | undefined {
  if (has(bytes, PNG, 0)) return 'image/png';
  if (has(bytes, JPEG, 0)) return 'image/jpeg';
  return has(bytes, RIFF, 0) && has(bytes, WEBP, 8) ? 'image/webp' : undefined;
}

function has(bytes: Uint8Array, wanted: readonly number[], at: number): boolean {
  return bytes.length > at + wanted.length && wanted.every((byte, index) => bytes[at + index] === byte);
}
