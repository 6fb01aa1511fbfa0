export type {
  AnswerFault,
  AskEnd,
  LinkState,
  MachineIdentity,
  MachineLink,
  MachineLinkOptions,
  MachinePlatform,
  MachineTokens,
  NewAsk,
} from './face.ts';
export { openMachine } from './open-machine.ts';
