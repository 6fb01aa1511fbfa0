/** A path with `.` and `..` taken out. Windows' separators count as well. */
function partsOf(path: string): readonly string[] {
  const parts: string[] = [];
  for (const part of path.split(/[\\/]/)) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0) parts.pop();
    else parts.push(part);
  }
  return parts;
}

const isAbsolute = (path: string): boolean => /^(?:[\\/]|[A-Za-z]:[\\/])/.test(path);

/** Whether a path leads out of a folder; one that is not absolute begins in `from`. Links of the disk are not known here. */
export function isOutside(path: string, folder: string, from: string = folder): boolean {
  const inside = partsOf(folder);
  const parts = partsOf(isAbsolute(path) ? path : `${from}/${path}`);
  return inside.some((part, index) => parts[index] !== part);
}

/** A path as it is read: below the folder without it, else all of it. */
export function placeIn(path: string, folder: string): string {
  if (!isAbsolute(path) || isOutside(path, folder) || /(?:^|[\\/])\.\.?(?:[\\/]|$)/.test(path)) return path;
  const below = partsOf(path).slice(partsOf(folder).length);
  return below.length === 0 ? path : below.join('/');
}
