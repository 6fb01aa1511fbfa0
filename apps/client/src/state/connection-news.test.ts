import type { ConnectionState, EntryId, ServerView } from '@skerry/core';
import { describe, expect, it } from 'vitest';
import { ConnectionNews } from './connection-news.ts';

const LIVE: ConnectionState = { kind: 'live', since: 0 };
const LOST: ConnectionState = { kind: 'waiting', attempt: 1, nextAt: 0, cause: { kind: 'unreachable' }, since: 0 };

function server(label: string, state: ConnectionState): ServerView {
  return { label, state, entry: { id: label as EntryId } } as ServerView;
}

describe('what is said about connections', () => {
  it('is nothing at the start, whatever the state', () => {
    expect(new ConnectionNews().since([server('Harbour', LIVE), server('Lab', LOST)], 0)).toEqual([]);
  });

  it('names a server that stays away, and that it came back', () => {
    const news = new ConnectionNews();
    news.since([server('Harbour', LIVE)], 0);
    expect(news.since([server('Harbour', LOST)], 1_000)).toEqual([]);
    expect(news.since([server('Harbour', LOST)], 6_000)).toEqual(['Harbour is not reachable.']);
    expect(news.since([server('Harbour', LOST)], 30_000)).toEqual([]);
    expect(news.since([server('Harbour', LIVE)], 70_000)).toEqual(['Harbour is connected again.']);
  });

  it('passes over a connection that comes back at once', () => {
    const news = new ConnectionNews();
    news.since([server('Harbour', LIVE)], 0);
    expect([news.since([server('Harbour', LOST)], 100), news.since([server('Harbour', LIVE)], 900)]).toEqual([[], []]);
  });

  it('says at most one sentence per server and minute, and in the end the one that is true', () => {
    const news = new ConnectionNews();
    news.since([server('Harbour', LIVE)], 0);
    news.since([server('Harbour', LOST)], 1_000);
    expect(news.since([server('Harbour', LOST)], 6_000)).toHaveLength(1);
    expect(news.since([server('Harbour', LIVE)], 8_000)).toEqual([]);
    expect(news.since([server('Harbour', LIVE)], 67_000)).toEqual(['Harbour is connected again.']);
  });

  it('is silent about what the person did', () => {
    const news = new ConnectionNews();
    news.since([server('Harbour', LIVE)], 0);
    expect(news.since([server('Harbour', { kind: 'disabled' })], 10_000)).toEqual([]);
    expect(news.since([server('Harbour', LIVE)], 100_000)).toEqual([]);
  });
});
