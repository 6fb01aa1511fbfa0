import * as z from 'zod/mini';

// The pages' content policy forbids making code from text. The schemas ask once whether they may, when they are built; this
// answers for them before that, so that no violation is reported.
z.config({ jitless: true });

/** Schemas that are built from here on are read without generated code. */
export const readsWithoutEval = true;
