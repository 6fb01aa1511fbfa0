import { describeFlags, runServer, SERVE_FLAGS } from '@skerry/server';
import type { Verb } from '../verb.ts';

export const serve: Verb = {
  help: `skerry serve [flags]\n\n${describeFlags(SERVE_FLAGS)}\n\nEach flag can also be given in the environment: SKERRY_PORT, SKERRY_TRUST_PROXY and so on.`,
  run: (argv, terminal) => runServer({ argv, ...terminal }),
};
