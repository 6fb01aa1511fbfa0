/** An error on its way between threads, where its class would be lost. */
export type Bug = {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly code: string | undefined;
};

export function describeBug(error: unknown): Bug {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: '', code: undefined };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? '',
    code: 'code' in error ? String(error.code) : undefined,
  };
}

export function restoreBug(bug: Bug): Error {
  return Object.assign(
    new Error(bug.message),
    { name: bug.name, stack: bug.stack },
    bug.code === undefined ? {} : { code: bug.code },
  );
}
