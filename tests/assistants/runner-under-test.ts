export type Said = { readonly event: string } & Readonly<Record<string, unknown>>;

/** Where its server and Discord are. */
export type Places = { readonly origin: string; readonly discordApi: string };

/** A runner with a folder of its own, which may stop and come back. */
export interface RunnerUnderTest extends AsyncDisposable {
  readonly data: string;
  /** What its lives said, and what they logged. */
  said: Said[];
  log: string;
  /** The exit code of the life that ended last. */
  readonly ended: Promise<number | null>;
  start(): void;
  /** Starts it for the first time. @returns the keys it made */
  begin(): Promise<{ publicKey: string; boxKey: string }>;
  /** The first thing it said of a kind. @throws Error when ten seconds pass without it */
  says(event: string): Promise<Said>;
  /** In order, as SIGTERM does. @returns the exit code */
  stop(): Promise<number | null>;
}

export const argumentsOf = ({ origin, data, discordApi }: Places & { data: string }) => [
  '--server',
  origin,
  '--data',
  data,
  '--discord-api',
  discordApi,
  '--json',
];

export async function saysOf(runner: Pick<RunnerUnderTest, 'said' | 'log'>, event: string): Promise<Said> {
  const until = Date.now() + 10_000;
  while (Date.now() < until) {
    const found = runner.said.find((one) => one.event === event);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`the runner did not say ${event}: ${JSON.stringify(runner.said)} ${runner.log}`);
}
