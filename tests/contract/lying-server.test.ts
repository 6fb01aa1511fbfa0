import { LyingServer } from '../harness/lying/lying-server.ts';
import { replayContract } from './replay-contract.ts';
import { serverContract } from './server-contract.ts';

serverContract('The server that can lie, while it is honest,', async () => {
  const server = await LyingServer.start();
  return {
    origin: server.origin,
    setupCode: server.world.setupCode ?? '',
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

replayContract('The server that can lie, while it is honest,', async () => {
  const server = await LyingServer.start();
  return {
    origin: server.origin,
    setupCode: server.world.setupCode ?? '',
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
