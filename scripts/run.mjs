// npm run serve | hub: one command of the `skerry` program, built when stale.
import { launch } from './launch.mjs';
import { main } from './shell.mjs';

await main(() => launch('apps/cli', process.argv.slice(2)));
