import type { AgentProblem, AgentReply } from '@skerry/protocol/agents';
import { Cutter } from './cutter.ts';

/** A wish that is not done, as its caller is told. */
export class CallRefusal extends Error {
  readonly problem: AgentProblem;
  readonly say: string | null;

  /** @param say what an agent or this machine said about it */
  constructor(problem: AgentProblem, say: string | null = null) {
    super(problem);
    this.name = 'CallRefusal';
    this.problem = problem;
    this.say = say === null ? null : new Cutter().short(say, 1_000);
  }

  get reply(): AgentReply {
    return { v: 1, did: 'no', problem: this.problem, say: this.say };
  }
}
