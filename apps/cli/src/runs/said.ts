/** What whoever drives a run wants. */
export type Said =
  | { readonly kind: 'prompt'; readonly text: string }
  | { readonly kind: 'answer'; readonly ask: string; readonly choice: string }
  | { readonly kind: 'mode'; readonly mode: string }
  | { readonly kind: 'cancel' };

const FORMS = 'a line is one of {"prompt":text}, {"answer":{"ask":id,"choice":id}}, {"mode":id} and {"cancel":true}';

/** Reads a line of JSON. @returns a sentence when it is none of the forms; then nothing is done */
export function parseSaid(line: string): Said | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `This is not JSON; ${FORMS}.`;
  }
  if (!isRecord(value) || Object.keys(value).length !== 1) return `This is something else; ${FORMS}.`;
  const { prompt, answer, mode, cancel } = value;
  if (typeof prompt === 'string' && prompt !== '') return { kind: 'prompt', text: prompt };
  if (typeof mode === 'string') return { kind: 'mode', mode };
  if (cancel === true) return { kind: 'cancel' };
  if (isRecord(answer) && typeof answer['ask'] === 'string' && typeof answer['choice'] === 'string')
    return { kind: 'answer', ask: answer['ask'], choice: answer['choice'] };
  return `This is something else; ${FORMS}.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
