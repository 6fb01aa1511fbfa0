/** A wrong command line or environment. The message is a sentence for the person; the program ends with exit code 2. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

export type FlagTable = {
  readonly [name: string]: {
    /** What the value is called in the help; `null` for a switch without a value. */
    readonly value: string | null;
    readonly help: string;
    readonly fallback: string | null;
  };
};

type Environment = Readonly<Record<string, string | undefined>>;

/** The values as given, with the checks that end in a sentence naming the flag. */
export class Flags {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  optional(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  required(name: string): string {
    return this.#values.get(name) ?? this.missing(name, 'is needed');
  }

  on(name: string): boolean {
    const value = this.#values.get(name);
    if (value === undefined || value === 'false' || value === '0') return false;
    return value === 'true' || value === '1' ? true : this.refuse(name, value, 'nothing, true or false');
  }

  number(name: string, least: number, most: number): number {
    const text = this.required(name);
    const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : this.refuse(name, text, `a number from ${least} to ${most}`);
  }

  integer(name: string, least: number, most: number): number {
    const text = this.required(name);
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : this.refuse(name, text, `a whole number from ${least} to ${most}`);
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T {
    const text = this.required(name);
    return allowed.find((value) => value === text) ?? this.refuse(name, text, `one of ${allowed.join(', ')}`);
  }

  matching(name: string, isFine: (value: string) => boolean, expected: string): string | null {
    const value = this.optional(name);
    return value === null || isFine(value) ? value : this.refuse(name, value, expected);
  }

  /** @throws ConfigError always */
  refuse(name: string, value: string, expected: string): never {
    throw new ConfigError(`--${name} does not take "${value}"; it takes ${expected}.`);
  }

  /** @throws ConfigError always */
  missing(name: string, why: string): never {
    throw new ConfigError(`--${name} ${why}.`);
  }
}

/**
 * Reads `--flag value` and `--flag=value`; then `SKERRY_FLAG` of the environment; then the table's fallback.
 * @throws ConfigError for an unknown flag, one given twice, a value that is missing or one that is too many
 */
export function readFlags(table: FlagTable, argv: readonly string[], environment: Environment): Flags {
  const values = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const { name, inline } = split(argv[at] ?? '', table);
    const entry = Object.hasOwn(table, name) ? table[name] : undefined;
    if (entry === undefined) throw new ConfigError(`There is no flag --${name}.${nearest(name, table)}`);
    if (values.has(name)) throw new ConfigError(`--${name} is given twice.`);
    if (entry.value === null) values.set(name, inline ?? 'true');
    else if (inline !== undefined) values.set(name, inline);
    else {
      const next = argv[++at];
      if (next === undefined || next.startsWith('--'))
        throw new ConfigError(`--${name} needs a value (${entry.value}).`);
      values.set(name, next);
    }
  }
  for (const [name, entry] of Object.entries(table)) {
    if (values.has(name)) continue;
    const fallback = environment[`SKERRY_${name.toUpperCase().replaceAll('-', '_')}`] ?? entry.fallback;
    if (fallback !== null && fallback !== '') values.set(name, fallback);
  }
  return new Flags(values);
}

/** The lines that tell of every flag, for `--help`. */
export function describeFlags(table: FlagTable): string {
  const rows = Object.entries(table).map(([name, { value, help, fallback }]) => ({
    left: `  --${name}${value === null ? '' : ` <${value}>`}`,
    right: fallback === null ? help : `${help} (${fallback})`,
  }));
  const width = Math.max(...rows.map((row) => row.left.length)) + 2;
  return rows.map(({ left, right }) => left.padEnd(width) + right).join('\n');
}

function split(argument: string, table: FlagTable): { name: string; inline: string | undefined } {
  const match = /^--([^=]+)(?:=(.*))?$/s.exec(argument);
  if (!match)
    throw new ConfigError(
      `"${argument}" is not a flag. Flags are: ${Object.keys(table)
        .map((name) => `--${name}`)
        .join(', ')}.`,
    );
  return { name: match[1] ?? '', inline: match[2] };
}

function nearest(name: string, table: FlagTable): string {
  const close = Object.keys(table)
    .map((known) => ({ known, shared: sharedStart(name, known) }))
    .sort((a, b) => b.shared - a.shared)[0];
  return close === undefined || close.shared < 2 ? '' : ` Did you mean --${close.known}?`;
}

function sharedStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
