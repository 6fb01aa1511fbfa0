import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import { CLIENT_FOLDER } from '../client-folder.ts';
import { HubServer } from '../hub-server.ts';
import { stopSignal } from '../signals.ts';
import type { Verb } from '../verb.ts';

const FLAGS = {
  port: { value: 'number', help: 'Port to listen on, 0 for any free one', fallback: '4400' },
  host: { value: 'address', help: 'Address to listen on', fallback: '127.0.0.1' },
  client: { value: 'folder', help: 'The built client', fallback: CLIENT_FOLDER },
  json: { value: null, help: 'Say where it listens as one JSON line on stdout', fallback: null },
} as const satisfies FlagTable;

export const hub: Verb = {
  help: `skerry hub [flags]\n\n${describeFlags(FLAGS)}\n\nServe it from a host name of its own, over TLS beyond this machine: whoever controls that page controls every server opened in it.`,
  async run(argv, { environment, stdout }) {
    const flags = readFlags(FLAGS, argv, environment);
    const host = flags.required('host');
    await using server = await HubServer.start({
      folder: flags.required('client'),
      port: flags.integer('port', 0, 65_535),
      host,
      welcome: null,
    });
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
    stdout.write(
      flags.on('json')
        ? `${JSON.stringify({ event: 'listening', url, port: server.port })}\n`
        : `The client is at ${url}\n`,
    );
    await stopSignal();
    return 0;
  },
};
