const rules = new Intl.PluralRules('en');
const numbers = new Intl.NumberFormat('en-GB');

/** A count with its noun: `counted(3, 'server')` is "3 servers". The plural defaults to an added "s". */
export function counted(count: number, one: string, other = `${one}s`): string {
  return `${numbers.format(count)} ${plural(count, one, other)}`;
}

/** The form of a word that fits a count. */
function plural(count: number, one: string, other: string): string {
  return rules.select(count) === 'one' ? one : other;
}
