import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder that is gone afterwards. */
export class TempFolder implements Disposable {
  readonly path = mkdtempSync(path.join(tmpdir(), 'skerry-bench-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
