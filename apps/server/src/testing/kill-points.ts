export const KILL_POINTS = ['accepted', 'before-commit', 'committed', 'answered', 'published'] as const;
export type KillPoint = (typeof KILL_POINTS)[number];

/** Guarantees that can be switched off, to show that the crash test notices. */
export const BREAKS = ['answer-before-commit', 'no-dedupe'] as const;
export type Break = (typeof BREAKS)[number];

/** Faults a crash test asks for; nothing in a normal run. Sent to workers as it is. */
export type Faults = {
  readonly killAt: { readonly point: KillPoint; readonly pass: number } | null;
  readonly breaks: readonly Break[];
};

export const NO_FAULTS: Faults = { killAt: null, breaks: [] };

/**
 * Reads `<point>:<pass>` and a list of breaks, as the config holds them.
 * @throws TypeError when either is not one of the known ones
 */
export function parseFaults(killAt: string | null, breaks: string | null): Faults {
  return {
    killAt: killAt === null ? null : parseKillAt(killAt),
    breaks: breaks === null ? [] : breaks.split(',').map(parseBreak),
  };
}

/** Ends this process without any tidying up, the `pass`-th time the point is passed in this thread. */
export class KillSwitch {
  readonly #killAt: Faults['killAt'];
  #passed = 0;

  constructor(faults: Faults) {
    this.#killAt = faults.killAt;
  }

  pass(point: KillPoint): void {
    if (this.#killAt?.point !== point) return;
    this.#passed += 1;
    if (this.#passed === this.#killAt.pass) process.kill(process.pid, 'SIGKILL');
  }
}

function parseKillAt(text: string): NonNullable<Faults['killAt']> {
  const [name, pass] = text.split(':');
  const point = KILL_POINTS.find((known) => known === name);
  if (point === undefined || !/^[1-9]\d{0,8}$/.test(pass ?? ''))
    throw new TypeError(`a kill point is one of ${KILL_POINTS.join(', ')}, then ":" and a count`);
  return { point, pass: Number(pass) };
}

function parseBreak(name: string): Break {
  const known = BREAKS.find((entry) => entry === name);
  if (known === undefined) throw new TypeError(`what can be broken: ${BREAKS.join(', ')}`);
  return known;
}
