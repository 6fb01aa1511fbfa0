/** Discord's first moment, in Unix milliseconds. */
const EPOCH = 1_420_070_400_000n;
let made = 0n;

/** An id as Discord makes them: milliseconds since its epoch, shifted by 22, and a counter; later ones are larger. */
export function snowflake(at: number = Date.now()): string {
  made += 1n;
  return String(((BigInt(at) - EPOCH) << 22n) | (made & 0x3f_ffffn));
}

/** Which of so many shards hears of a guild. */
export function shardOf(guildId: string, shards: number): number {
  return Number((BigInt(guildId) >> 22n) % BigInt(shards));
}
