/** Bytes that were found to be a picture of this type. */
type Picture = { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> };
type Held = { readonly url: string; holders: number };
const held = new Map<Picture, Held>();

/**
 * An address of this page alone under which a picture can be drawn; the same for all who hold it at one time. Its type is
 * the one its bytes were found to have.
 */
export function holdPicture(picture: Picture): { readonly url: string; readonly release: () => void } {
  let entry = held.get(picture);
  if (entry === undefined) {
    entry = { url: URL.createObjectURL(new Blob([picture.bytes], { type: picture.type })), holders: 0 };
    held.set(picture, entry);
  }
  const { url } = entry;
  entry.holders += 1;
  return { url, release: () => release(picture) };
}

function release(picture: Picture): void {
  const entry = held.get(picture);
  if (entry === undefined) return;
  entry.holders -= 1;
  if (entry.holders > 0) return;
  held.delete(picture);
  URL.revokeObjectURL(entry.url);
}
