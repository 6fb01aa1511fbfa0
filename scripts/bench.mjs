// npm run bench: measures Skerry beside its peers and prints the table that BENCH.md holds.
import { launch } from './launch.mjs';
import { main } from './shell.mjs';

await main(() => launch('bench', process.argv.slice(2)));
