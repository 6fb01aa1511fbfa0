import { LocalError, StoreFull } from '@skerry/core';
import { ERRORS, SkerryError, type ErrorCode } from '@skerry/protocol';
import { t } from '../i18n/t.ts';
import type { Overlays } from '../ui/overlays.svelte.ts';

/** A failure as a person reads it: what this device says of it, else the sentence of its code, never a server's own words. */
export function sentenceOf(error: unknown): string {
  if (error instanceof LocalError) return error.message;
  if (error instanceof StoreFull) return t.app.storage.full;
  return error instanceof SkerryError ? sentenceOfCode(error.code) : t.ui.unexpected;
}

/**
 * The sentence for a code that came as text; a code of a newer server is named as it is. What this device sees as
 * unavailable may be any reason for which no answer came, not only the one the server would name.
 */
export function sentenceOfCode(code: string): string {
  if (code === 'unavailable') return t.connection.unavailable;
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].sentence : code;
}

/** Says that something asked for did not happen. */
export function sayFailure(overlays: Overlays, error: unknown): void {
  overlays.toast({ text: sentenceOf(error), tone: 'danger' });
}
