/** A short notice at the top right, spoken as well. */
export type ToastSpec = {
  readonly text: string;
  readonly detail?: string;
  readonly tone?: 'plain' | 'ok' | 'danger';
  readonly action?: { readonly label: string; readonly onselect: () => void };
  /** Ms. Those with an action stay 10 s by default, others 5 s. */
  readonly duration?: number;
  /** A later toast with the same id takes the place of the earlier one. */
  readonly id?: string;
};
