/** What a program with commands needs of the server without starting one: it loads nothing that serves. */

export { ConfigError, describeFlags, type Flags, type FlagTable, readFlags } from './config-flags.ts';
export { DataInUseError, DataLock } from './server/data-lock.ts';
export { StartError } from './start-error.ts';
