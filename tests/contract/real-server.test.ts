import { startReal } from '../harness/real-server.ts';
import { replayContract } from './replay-contract.ts';
import { serverContract, type ContractSubject } from './server-contract.ts';

const open = async (): Promise<ContractSubject> => {
  // With everything an operator can switch on: what is off has no routes.
  const server = await startReal(['--machines', 'on', '--voice', 'on']);
  return {
    origin: server.origin,
    setupCode: server.setupCode ?? '',
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

serverContract('The real server', open);
replayContract('The real server', open);
