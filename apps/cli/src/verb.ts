import type { Readable } from 'node:stream';

type Output = { write(text: string): unknown; readonly isTTY?: boolean };

/** What a command may use of the process it runs in. */
export type Terminal = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly stdout: Output;
  readonly stderr: Output;
};

/** One command of the program. */
export type Verb = {
  /** How it is called and what its flags are. */
  readonly help: string;
  /**
   * @returns the exit code: 0 done, 1 not possible (said on stderr), 2 wrong command line
   * @throws ConfigError, StartError, DataInUseError, whose messages are sentences for the person
   */
  run(argv: readonly string[], terminal: Terminal): Promise<number>;
};
