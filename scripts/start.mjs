// npm start: two local servers with sample life and the client in hub mode. PORT moves the three ports.
import { launch } from './launch.mjs';
import { main } from './shell.mjs';

await main(() => launch('apps/cli', ['demo', ...process.argv.slice(2)]));
