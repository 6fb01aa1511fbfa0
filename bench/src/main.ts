import { cpus } from 'node:os';
import { benchClientCore } from './client-core.ts';
import { benchCrypto } from './crypto.ts';
import { benchFanout } from './fanout.ts';
import { benchSends } from './sends.ts';
import { benchHistory } from './history.ts';
import { benchIdle } from './idle.ts';
import { benchMachines } from './machines.ts';
import type { Row } from './row.ts';
import { table } from './table.ts';
import { benchVoice } from './voice.ts';

/** Measures everything, or the parts that are named, and prints the table that BENCH.md holds. */

const PARTS: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  fanout: benchFanout,
  sends: benchSends,
  history: benchHistory,
  idle: benchIdle,
  'client-core': benchClientCore,
  crypto: benchCrypto,
  machines: benchMachines,
  voice: benchVoice,
};

const named = process.argv.slice(2).filter((name) => !name.startsWith('-'));
const unknown = named.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}. There are: ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}
const rows: Row[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (named.length > 0 && !named.includes(name)) continue;
  console.error(`measuring ${name} …`);
  rows.push(...(await measure()));
}
const [cpu] = cpus();
console.log(
  `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} x ${cpu?.model ?? 'unknown processor'}.\n`,
);
console.log(table(rows));
process.exit(rows.some(({ reached }) => reached === false) ? 1 : 0);
