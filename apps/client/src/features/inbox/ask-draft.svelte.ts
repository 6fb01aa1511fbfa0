/** What a person is about to answer: one of the choices, words, or both. */
export class AskDraft {
  choice: string | undefined = $state();
  text: string = $state('');
}
