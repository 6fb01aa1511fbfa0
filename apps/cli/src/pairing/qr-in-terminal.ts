import encodeQR from 'qr';

const HALVES = [' ', '▄', '▀', '█'];

/** A code to scan, two modules to a character, light on dark as most terminals are and with the quiet rim it needs. */
export function qrInTerminal(text: string): string {
  const rows = encodeQR(text, 'raw', { ecc: 'low', border: 2 });
  const isLight = (row: number, column: number) => rows[row]?.[column] !== true;
  const lines: string[] = [];
  for (let row = 0; row < rows.length; row += 2)
    lines.push(
      rows[row]
        ?.map((_, column) => HALVES[(isLight(row, column) ? 2 : 0) + (isLight(row + 1, column) ? 1 : 0)])
        .join('') ?? '',
    );
  return lines.join('\n');
}
