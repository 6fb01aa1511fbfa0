let list: Promise<readonly string[]> | undefined;

/** The 2,048 words, fetched when somebody types some of them. */
export function wordList(): Promise<readonly string[]> {
  list ??= import('@skerry/protocol/words').then(
    ({ WORD_LIST }) => WORD_LIST,
    (error: unknown) => {
      list = undefined;
      throw error;
    },
  );
  return list;
}
