import * as z from 'zod/mini';
import { isUnsafeName } from './unsafe-text.ts';

/** Numbers of machines, runs and asks. Lengths in code points, bytes, counts. */
export const MACHINE_LIMITS = {
  /** The operating system and the program of a machine, in words. */
  system: 80,
  program: 40,
  infoBytes: 16 * 1024,
  /** An approval, sealed to the machine. */
  answerBytes: 4 * 1024,
  runsPerAccount: 10_000,
  runMetaBytes: 8 * 1024,
  /** Bytes of one entry of a run, encrypted: with its shell it fits a frame. */
  entryBytes: 40 * 1024,
  entriesPerAppend: 64,
  entriesPerRun: 1_000_000,
  /** Bytes of all entries of one account. */
  entriesBytes: 1024 * 1024 * 1024,
  askBytes: 40 * 1024,
  askAnswerBytes: 16 * 1024,
  openAsksPerRun: 64,
  openAsksPerAccount: 1_000,
  /** Of closed ones, so many are kept of an account. */
  closedAsksKept: 10_000,
  /** Bytes of one message between two devices. */
  rpcBytes: 40 * 1024,
  /** Calls of one socket that wait for their answer. */
  rpcWaiting: 32,
  pairingsOpen: 1_000,
} as const;

/** Milliseconds. */
export const MACHINE_TIMES = {
  /** From showing a code to fetching the token. */
  pairingMs: 120_000,
  /** How often a machine asks whether it was approved. */
  pairingPollMs: 1_000,
  /** A call to a machine that nobody answered. */
  rpcMs: 30_000,
  /** An ask is open for at most this long, and for no less than that. */
  askMostMs: 30 * 24 * 3_600_000,
  askLeastMs: 1_000,
} as const;

/** A word or two that a machine says of itself: no control or direction characters. */
export const machineText = (max: number) =>
  z.string().check(
    z.minLength(1),
    z.maxLength(max),
    z.refine((value) => value.trim() === value && !isUnsafeName(value)),
  );
