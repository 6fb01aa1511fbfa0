/** Whether 32 little-endian bytes are a number below 2^255 - 19, so that no two of them are the same coordinate. */
export function isReduced(bytes: Uint8Array): boolean {
  const top = bytes[31] ?? 0;
  if (top !== 0x7f) return top < 0x7f;
  return (bytes[0] ?? 0) < 0xed || bytes.subarray(1, 31).some((byte) => byte !== 0xff);
}
