/** Stands where the compiler proves that no value is left. */
export function unreachable(value: never): never {
  throw new TypeError(`Unexpected value: ${String(value)}`);
}
