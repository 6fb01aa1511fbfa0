import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** The ways in which something may lie in a file: as it is, a text in two bytes a letter, as hex, and as base64 at any place. */
export function formsOf(secret: string | Uint8Array): readonly Buffer[] {
  const raw = Buffer.from(secret);
  const text = raw.toString('latin1');
  const hex = raw.toString('hex');
  const base64 = [0, 1, 2].map((shift) => {
    const coded = Buffer.concat([Buffer.alloc(shift), raw])
      .toString('base64')
      .replaceAll('=', '');
    // What the neighbours share in is left out at both ends.
    return coded.slice(shift === 0 ? 0 : 4, -4);
  });
  return [
    raw,
    Buffer.from(text, 'utf16le'),
    Buffer.from(text, 'utf16le').swap16(),
    Buffer.from(hex),
    Buffer.from(hex.toUpperCase()),
    ...base64.flatMap((one) => [Buffer.from(one), Buffer.from(one.replaceAll('+', '-').replaceAll('/', '_'))]),
  ];
}

/** Every file of a folder and of those in it. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if ((await stat(file)).isDirectory()) found.push(...(await filesIn(file)));
    else found.push(file);
  }
  return found;
}

/** Which of these lie in the bytes, in any form. */
export function foundIn<T extends string | Uint8Array>(bytes: Buffer, texts: readonly T[]): readonly T[] {
  return texts.filter((text) => formsOf(text).some((form) => bytes.includes(form)));
}
