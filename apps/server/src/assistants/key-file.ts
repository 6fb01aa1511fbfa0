/** Beside the database: what opens bot tokens and keys of models. */
export const ASSISTANT_KEY_FILE = 'assistants.key';
