import type { Down, SessionId } from '@skerry/protocol';
import { encodeFrame } from '../log/frames.ts';
import type { Notice } from '../log/output.ts';

/** Notices for the sessions of devices: of several in one tick, the last of each kind counts. */
export class Notices {
  readonly #bySession = new Map<SessionId, Map<Notice['type'], Notice>>();

  add(notice: Notice): void {
    const known = this.#bySession.get(notice.session);
    if (known === undefined) this.#bySession.set(notice.session, new Map([[notice.type, notice]]));
    else known.set(notice.type, notice);
  }

  /** What the session is to be told, as one frame or two; forgets all of them. */
  *take(): Iterable<readonly [SessionId, Uint8Array]> {
    if (this.#bySession.size === 0) return;
    const all = [...this.#bySession];
    this.#bySession.clear();
    for (const [session, notices] of all) yield [session, noticeBytes(notices.values())];
  }
}

/** Whole frames in one buffer. */
export function noticeBytes(notices: Iterable<Notice>): Buffer {
  return Buffer.concat([...notices].map((notice) => encodeFrame(JSON.stringify(frameOf(notice)))));
}

function frameOf(notice: Notice): Down {
  return notice.type === 'toDevice' ? { t: 'to_device', head: notice.head } : { t: 'prekeys', left: notice.left };
}
