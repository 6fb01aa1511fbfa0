/** Numbers of a channel's stream, both ends included, of which every message is stored here. */
export type Span = { readonly from: number; readonly to: number };
/** In order, disjoint and not touching. */
export type Spans = readonly Span[];

/** Adds a span, joining the ones it overlaps or touches. */
export function addSpan(spans: Spans, span: Span): Spans {
  if (span.to < span.from) return spans;
  const before = spans.filter(({ to }) => to < span.from - 1);
  const after = spans.filter(({ from }) => from > span.to + 1);
  const joined = spans.slice(before.length, spans.length - after.length);
  const from = Math.min(span.from, joined[0]?.from ?? span.from);
  const to = Math.max(span.to, joined.at(-1)?.to ?? span.to);
  return [...before, { from, to }, ...after];
}

/** What was stored up to the head stays whole when the event after it is applied; without that a new span begins. */
export function extendTo(spans: Spans, n: number): Spans {
  const last = spans.at(-1);
  return last !== undefined && last.to >= n ? spans : addSpan(spans, { from: n, to: n });
}

export function spanAt(spans: Spans, n: number): Span | undefined {
  return spans.find(({ from, to }) => from <= n && n <= to);
}

/** The span that reaches up to the stream's head, if what is newest is stored. */
export function newestSpan(spans: Spans, head: number): Span | undefined {
  const last = spans.at(-1);
  return last !== undefined && last.to >= head ? last : undefined;
}
