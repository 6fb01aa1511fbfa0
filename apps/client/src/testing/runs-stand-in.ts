import type {
  EntryId,
  FleetMachines,
  FolderList,
  RunHandle,
  RunView,
  SkerryClient,
  TranscriptView,
} from '@skerry/core';
import type { RunContent, RunLine } from '@skerry/protocol/agents';
import { FleetStandIn } from './fleet-stand-in.ts';
import { value, type TestValue } from './value.svelte.ts';

/** A run whose state and transcript a test sets, and that keeps what was asked of it. */
export type RunStandIn = RunHandle & {
  readonly run: TestValue<RunView | undefined>;
  readonly transcript: TestValue<TranscriptView>;
  /** Entries come at the end. */
  readonly say: (...contents: readonly RunContent[]) => void;
};

const NO_TRANSCRIPT: TranscriptView = { entries: [], hasOlder: false, loading: false, live: true, ended: null };

const line = (entry: RunContent, at: number): RunLine => ({ v: 1, at, cut: false, entry });

/** Machines and runs as a test wants them: what is asked of them is in `asked`, and `next` says how it goes. */
export class RunsStandIn extends FleetStandIn {
  readonly runs = new Map<string, RunStandIn>();
  readonly folderLists = new Map<string | null, FolderList>();
  older: { readonly runs: readonly RunView[]; readonly more: boolean } = { runs: [], more: false };
  /** What the next calls wait for, or fail with. */
  next: () => Promise<void> = () => Promise.resolve();

  async ask(what: string, entry: EntryId, given?: unknown): Promise<void> {
    this.asked.push({ what, entry, given });
    await this.next();
  }

  /** What is shown of a run, and the handle that its screen gets. */
  add(view: RunView): RunStandIn {
    const call = (what: string) => (given?: unknown) => this.ask(`${what} ${view.id}`, view.entryId, given);
    const transcript = value(NO_TRANSCRIPT);
    let count = 0;
    const handle: RunStandIn = {
      run: value<RunView | undefined>(view),
      transcript,
      say: (...contents) => {
        const entries = contents.map((content) => {
          count += 1;
          return { n: count, id: `${view.id} ${count}`, line: line(content, Date.now() - 60_000 + count * 1000) };
        });
        transcript.set({ ...transcript.get(), entries: [...transcript.get().entries, ...entries] });
      },
      loadOlder: call('older'),
      prompt: call('prompt'),
      cancel: call('cancel'),
      setMode: call('mode'),
      end: call('end'),
      resume: call('resume'),
      [Symbol.dispose]: () => void this.asked.push({ what: `left ${view.id}`, entry: view.entryId, given: undefined }),
    };
    this.runs.set(`${view.entryId} ${view.id}`, handle);
    this.show({ runs: [...this.view.get().runs, view] });
    return handle;
  }

  /** As the client's screens meet it. */
  get fleet(): FleetMachines {
    const of = (entry: EntryId, run: string): RunHandle => {
      const known = this.runs.get(`${entry} ${run}`);
      if (known !== undefined) return known;
      const empty = { get: () => undefined, subscribe: () => () => undefined };
      const never = (): Promise<never> => Promise.reject(new Error('there is no such run'));
      const transcript = value<TranscriptView>({ ...NO_TRANSCRIPT, ended: 'gone' });
      return {
        run: empty,
        transcript,
        loadOlder: never,
        prompt: never,
        cancel: never,
        setMode: never,
        end: never,
        resume: never,
        [Symbol.dispose]: () => undefined,
      };
    };
    return {
      view: this.view,
      entryOf: this.entryOf,
      pair: (link, entry) => this.pair(link, entry),
      dismissNotice: (notice) => this.dismissNotice(notice),
      answer: (ask, decision) => this.ask(`answer ${ask.id}`, ask.entryId, decision),
      rename: ({ entry, machine }, name) => this.ask(`rename ${machine}`, entry, name),
      remove: ({ entry, machine }) => this.ask(`remove ${machine}`, entry),
      run: of,
      folders: async ({ entry, machine }, path) => {
        await this.ask(`folders ${machine}`, entry, path);
        const list = this.folderLists.get(path);
        if (list === undefined) throw new Error('no such folder in this test');
        return list;
      },
      start: async ({ entry, machine }, what) => {
        await this.ask(`start ${machine}`, entry, what);
        return 'started-run';
      },
      erase: (entry, run) => this.ask(`erase ${run}`, entry),
      olderRuns: async (entry, before) => {
        await this.ask('olderRuns', entry, before);
        return this.older;
      },
    };
  }
}

/** The client with these machines in the place of its own. */
export function withMachines(client: SkerryClient, fleet: FleetMachines): SkerryClient {
  const machines = Promise.resolve(fleet);
  return new Proxy(client, {
    get(target, name) {
      if (name === 'machines') return () => machines;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
