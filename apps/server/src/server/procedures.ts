import { readIcon, removeIcon, requireIconEditor, setIcon } from './icon.ts';
import { knownKeys, serverRow } from './reads.ts';
import { startServer } from './writes.ts';

export const SERVER_WRITES = {
  'server.start': startServer,
  'server.setIcon': setIcon,
  'server.removeIcon': removeIcon,
};
export const SERVER_READS = {
  'server.row': serverRow,
  'server.keys': knownKeys,
  'server.icon': readIcon,
  'server.requireIconEditor': requireIconEditor,
};
