import type { FleetMachines, FolderList } from '@skerry/core';
import type { MachineRef } from './places.ts';
import { problemOf, type Problem } from './problem.ts';

/** Walks through the folders of one machine. The last step asked for is the one that counts, however answers overtake. */
export class FolderWalk {
  readonly #fleet: FleetMachines;
  readonly #at: MachineRef;
  #step: AbortController | undefined;
  #list: FolderList | undefined = $state.raw();
  #problem: Problem | undefined = $state.raw();
  #isLoading = $state(false);
  #wanted: string | null = null;

  constructor(fleet: FleetMachines, at: MachineRef) {
    this.#fleet = fleet;
    this.#at = at;
  }

  /** What was listed last; it stays while the next one is on its way. */
  get list(): FolderList | undefined {
    return this.#list;
  }
  get problem(): Problem | undefined {
    return this.#problem;
  }
  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** @param path null: where one last was */
  async go(path: string | null): Promise<boolean> {
    this.#step?.abort();
    const step = new AbortController();
    this.#step = step;
    this.#wanted = path;
    this.#isLoading = true;
    this.#problem = undefined;
    try {
      const list = await this.#fleet.folders(this.#at, path, step.signal);
      if (this.#step !== step) return false;
      this.#list = list;
      return true;
    } catch (error) {
      if (this.#step === step) this.#problem = problemOf(error);
      return false;
    } finally {
      if (this.#step === step) this.#isLoading = false;
    }
  }

  again(): Promise<boolean> {
    return this.go(this.#wanted);
  }

  stop(): void {
    this.#step?.abort();
    this.#step = undefined;
  }
}
