import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { ERRORS, MACHINE_LIMITS, safeName, SkerryError } from '@skerry/protocol';
import { sixWords } from '@skerry/protocol/words';
import { describeFlags, type FlagTable, readFlags, StartError } from '@skerry/server/command-line';
import { makePrivateFolder, ownConfigFolder } from '../machine/config-folder.ts';
import { Pairings } from '../machine/pairings.ts';
import { readServer, ServerCalls } from '../machine/server-calls.ts';
import { consent } from '../pairing/consent.ts';
import { type Paired, PairingRequest, type PendingPairing } from '../pairing/pairing-request.ts';
import { finishPairings, forgetPending, keepPending, storePaired } from '../pairing/pending-pairing.ts';
import { qrInTerminal } from '../pairing/qr-in-terminal.ts';
import { plainText } from '../runs/plain-text.ts';
import type { Terminal, Verb } from '../verb.ts';

const FLAGS = {
  server: { value: 'address', help: 'The server, or a link to it', fallback: null },
  label: { value: 'name', help: "What this computer is called there (the computer's own name)", fallback: null },
  secrets: { value: 'where', help: 'What keeps the keys: keychain, file, or auto', fallback: 'auto' },
  yes: {
    value: null,
    help: 'Do not ask here whether both screens show the same: whoever on that server saw the code can have this computer',
    fallback: null,
  },
  json: { value: null, help: 'Lines of JSON on stdout: code, taken, paired; yes or no on stdin', fallback: null },
  config: {
    value: 'folder',
    help: "Where this machine keeps what is its own (the system's place for it)",
    fallback: null,
  },
} as const satisfies FlagTable;

export const pair: Verb = {
  help: `skerry pair --server <address> [flags]

${describeFlags(FLAGS)}

Shows a code to scan with Skerry on your phone, or a link to open there; it is good once and for two minutes. Both screens then
show the same three words and two digits. Say yes on both only if they are the same; Ctrl-C here takes the code back.

Exit codes: 0 paired, 1 not paired, 2 wrong command line.`,
  async run(argv, terminal) {
    const flags = readFlags(FLAGS, argv, terminal.environment);
    const place = flags.oneOf('secrets', ['auto', 'keychain', 'file']);
    const address = readServer(flags.required('server'));
    const config = makePrivateFolder(path.resolve(flags.optional('config') ?? ownConfigFolder(terminal.environment)));
    const pairings = new Pairings(config);
    const server = new ServerCalls(address);
    for (const sentence of await finishPairings(config)) terminal.stderr.write(`${sentence}\n`);
    try {
      const known = pairings.list().find(({ origin }) => origin === address.origin);
      if (known !== undefined)
        throw new StartError(
          `This computer is a machine of ${known.username} there already. See: skerry logout --help`,
        );
      const pin = await server.prove(null);
      // Everything of a server lies under its id here, which another one may call itself by as well.
      const same = pairings.list().find(({ serverId }) => serverId === pin.serverId);
      if (same !== undefined)
        throw new StartError(
          `This computer is a machine on ${same.origin} already, and ${address.host} goes by the same id: it is that server at another address, or one that copies it. To pair with this one instead: skerry logout --server ${same.origin}`,
        );
      const say = speaker(terminal, flags.on('json'));
      const label =
        safeName(flags.optional('label') ?? os.hostname())
          .trim()
          .slice(0, 40) || 'A computer';
      const system = `${os.type()} ${os.release()}`.slice(0, MACHINE_LIMITS.system);
      const itself = { label, system, program: 'skerry 0.1.0' };
      const { request, expiresInMs } = await PairingRequest.make(server, pin, itself);
      const words = sixWords(createHash('sha256').update(Buffer.from(pin.key, 'base64url')).digest());
      say({ event: 'code', link: request.link, host: address.host, words, expiresInMs });
      const { paired, pending } = await follow(request, {
        expiresInMs,
        say,
        consent: flags.on('yes') ? () => Promise.resolve() : (signal) => consent(terminal, signal),
        keep: (one) => keepPending(config, { ...one, place }),
        withdrawn: () => forgetPending(config, pin.serverId),
      });
      const kept = await storePaired(config, { ...pending, place }, paired);
      const { username, token } = paired;
      say({ event: 'paired', host: address.host, username, device: token.device, secrets: kept.secrets });
      return 0;
    } catch (error) {
      if (error instanceof SkerryError)
        throw new StartError(
          error.code === 'code_invalid' ? 'Nobody approved it within two minutes.' : ERRORS[error.code].sentence,
          error,
        );
      throw error;
    }
  },
};

type Event =
  | {
      readonly event: 'code';
      readonly link: string;
      readonly host: string;
      readonly words: readonly string[];
      readonly expiresInMs: number;
    }
  | { readonly event: 'taken'; readonly username: string; readonly words: readonly string[]; readonly digits: string }
  | {
      readonly event: 'paired';
      readonly host: string;
      readonly username: string;
      readonly device: number;
      readonly secrets: string;
    };
type Say = (event: Event) => void;

/** From the code on the screen to the token. Whatever ends it early takes the code back. */
async function follow(
  request: PairingRequest,
  {
    expiresInMs,
    say,
    consent,
    keep,
    withdrawn,
  }: {
    expiresInMs: number;
    say: Say;
    consent: (signal: AbortSignal) => Promise<void>;
    keep: (pending: PendingPairing) => void;
    withdrawn: () => void;
  },
): Promise<{ readonly paired: Paired; readonly pending: PendingPairing }> {
  let pending: PendingPairing | undefined;
  const kept = (one: PendingPairing) => {
    keep(one);
    pending = one;
  };
  const stopped = new AbortController();
  const stop = () => stopped.abort(new StartError('The code was taken back.'));
  const late = setTimeout(() => stopped.abort(new StartError('Nobody approved it within two minutes.')), expiresInMs);
  for (const name of SIGNALS) process.on(name, stop);
  try {
    const { taker, code } = await request.taken(stopped.signal);
    say({ event: 'taken', username: taker.username, ...code });
    // Before or after the other side's yes; a no ends it at once.
    const consented = consent(stopped.signal);
    consented.catch((error: unknown) => stopped.abort(error));
    const paired = await request.approved(taker, { keep: kept, consented, signal: stopped.signal });
    if (pending === undefined) throw new StartError('Nothing was approved.');
    return { paired, pending };
  } catch (error) {
    // It may be over already, or the server gone; then there is nothing to take back, and what fetches the token stays.
    await request.withdraw().then(withdrawn, () => undefined);
    throw stopped.signal.aborted ? stopped.signal.reason : error;
  } finally {
    // Nobody is asked any more.
    stopped.abort();
    clearTimeout(late);
    for (const name of SIGNALS) process.off(name, stop);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function speaker({ stdout }: Pick<Terminal, 'stdout'>, json: boolean): Say {
  if (json) return (event) => void stdout.write(`${JSON.stringify(event)}\n`);
  return (event) => void stdout.write(`${sentence(event)}\n`);
}

function sentence(event: Event): string {
  switch (event.event) {
    case 'code':
      return [
        `This computer asks ${event.host} to become your machine. The server's six words: ${event.words.join(' ')}`,
        '',
        qrInTerminal(event.link),
        '',
        'Scan the code with Skerry on your phone, or open this link there:',
        event.link,
        '',
        `It is good once, for ${Math.round(event.expiresInMs / 1_000)} seconds. Ctrl-C takes it back.`,
      ].join('\n');
    case 'taken':
      return [
        `${plainText(event.username)} took the code. The other screen must show exactly this:`,
        '',
        `    ${event.words.join(' ')} ${event.digits}`,
        '',
        'Type yes if it does, on both. If it is another one, or this is not you, type no or press Ctrl-C.',
      ].join('\n');
    case 'paired':
      return `This computer is now machine ${event.device} of ${plainText(event.username)} on ${event.host}. Its keys are in the ${event.secrets}.`;
    default:
      return event satisfies never;
  }
}
