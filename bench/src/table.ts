import type { Row } from './row.ts';

/** The rows as a Markdown table. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const peer = row.peer === null ? '' : `${number(row.peer.value)} (${row.peer.name})`;
    const ratio = row.ratio === null ? '' : `${row.ratio.toFixed(2)}x`;
    const goal = row.goal === null ? '' : `${row.goal} ${row.reached === true ? 'reached' : 'MISSED'}`;
    return `| ${row.name} | ${number(row.value)} ${row.unit} | ${peer} | ${ratio} | ${goal} |`;
  });
  return ['| what | Skerry | beside | ratio | goal |', '| --- | ---: | ---: | ---: | --- |', ...lines].join('\n');
}

function number(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
