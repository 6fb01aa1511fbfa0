const MOST = 120;
/** Control characters, and those that turn the direction of writing: "gpj.exe" must not read "exe.jpg". */
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
/** What a file system takes for more than a name. */
const RESERVED = /[\\/:*?"<>|]/gu;

/** A name that its sender chose, as it is shown and saved. Undefined when nothing of it is left. */
export function cleanFileName(name: string): string | undefined {
  const clean = name
    .replace(INVISIBLE, '')
    .replace(RESERVED, '_')
    .replace(/^[.\s]+|[.\s]+$/gu, '');
  if (clean === '') return undefined;
  const characters = [...clean];
  if (characters.length <= MOST) return clean;
  // The end says what kind of file it is.
  const end = /\.[^.]{1,10}$/u.exec(clean)?.[0] ?? '';
  return characters.slice(0, MOST - [...end].length).join('') + end;
}
