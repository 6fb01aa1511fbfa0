/** The operator's model, for everybody who has none of their own. */
export type ServerModel = { readonly endpoint: string; readonly model: string; readonly key: string | null };

/** What the operator decides about assistants. */
export type AssistantsConfig = {
  readonly enabled: boolean;
  /** Where Discord's REST interface is. */
  readonly discordApi: string;
  /** For everybody who has no model of their own; null: passages are quoted. */
  readonly model: ServerModel | null;
  /** For tests alone: websites and models on this machine may be asked. */
  readonly allowLoopback: boolean;
};
