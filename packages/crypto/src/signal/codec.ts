import { CryptoError } from '../errors.ts';

/**
 * The small part of Protocol Buffers that the Signal wire format needs, and stored records use too. Strict: a field
 * of another type, a repeated single field, a number with needless bytes or beyond its range, a wrong length, or a
 * cut end is refused.
 */

type Rule = 'one' | 'maybe' | 'many';
type UintField<R extends Rule> = {
  readonly tag: number;
  readonly rule: R;
  readonly type: 'uint';
  readonly max: number;
};
type BytesField<R extends Rule> = {
  readonly tag: number;
  readonly rule: R;
  readonly type: 'bytes';
  readonly length: number | undefined;
};
type RecordField<R extends Rule, S extends Schema> = {
  readonly tag: number;
  readonly rule: R;
  readonly type: 'record';
  readonly schema: S;
};
type Field = UintField<Rule> | BytesField<Rule> | RecordField<Rule, Schema>;
export interface Schema {
  readonly [name: string]: Field;
}

type Single<F extends Field> =
  F extends UintField<Rule> ? number : F extends RecordField<Rule, infer S> ? Decoded<S> : Uint8Array;
type Ruled<F extends Field> = F['rule'] extends 'one'
  ? Single<F>
  : F['rule'] extends 'maybe'
    ? Single<F> | undefined
    : Single<F>[];
export type Decoded<S extends Schema> = { -readonly [K in keyof S]: Ruled<S[K]> };

const UINT32 = 0xffffffff;

/** Fields of each kind, by how often they occur. */
export const one = fields('one');
export const maybe = fields('maybe');
export const many = fields('many');

function fields<R extends Rule>(rule: R) {
  return {
    uint32: (tag: number): UintField<R> => ({ tag, rule, type: 'uint', max: UINT32 }),
    /** A whole number up to 2^53 - 1, such as a time in milliseconds. */
    uint53: (tag: number): UintField<R> => ({ tag, rule, type: 'uint', max: Number.MAX_SAFE_INTEGER }),
    bytes: (tag: number, length?: number): BytesField<R> => ({ tag, rule, type: 'bytes', length }),
    record: <S extends Schema>(tag: number, schema: S): RecordField<R, S> => ({ tag, rule, type: 'record', schema }),
  };
}

/** In the order of the schema. */
export function encode<S extends Schema>(schema: S, value: Decoded<S>): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(lengthOf(schema, value));
  write(schema, value, { out, at: 0 });
  return out;
}

function lengthOf(schema: Schema, value: Decoded<Schema>): number {
  let length = 0;
  forEachItem(schema, value, (field, item) => {
    const content =
      field.type === 'uint'
        ? 0
        : field.type === 'bytes'
          ? (item as Uint8Array).length
          : lengthOf(field.schema, item as Decoded<Schema>);
    length += varintLength(field.tag * 8) + varintLength(field.type === 'uint' ? (item as number) : content) + content;
  });
  return length;
}

type Cursor = { readonly out: Uint8Array; at: number };

function write(schema: Schema, value: Decoded<Schema>, to: Cursor): void {
  forEachItem(schema, value, (field, item) => {
    writeVarint(field.tag * 8 + (field.type === 'uint' ? 0 : 2), to);
    if (field.type === 'uint') {
      writeVarint(item as number, to);
    } else if (field.type === 'bytes') {
      writeVarint((item as Uint8Array).length, to);
      to.out.set(item as Uint8Array, to.at);
      to.at += (item as Uint8Array).length;
    } else {
      writeVarint(lengthOf(field.schema, item as Decoded<Schema>), to);
      write(field.schema, item as Decoded<Schema>, to);
    }
  });
}

function forEachItem(schema: Schema, value: Decoded<Schema>, work: (field: Field, item: unknown) => void): void {
  for (const name in schema) {
    const field = schema[name];
    const held = value[name] as unknown;
    if (field === undefined || held === undefined) continue;
    if (field.rule !== 'many') work(field, held);
    else for (const item of held as unknown[]) work(field, item);
  }
}

/**
 * @param unknown what to do with fields the schema doesn't have: a peer's newer ones are skipped, but a record of
 * our own that isn't fully understood must not be written back without them
 * @throws CryptoError `malformed`
 */
export function decode<S extends Schema>(schema: S, bytes: Uint8Array, unknown: 'skip' | 'refuse'): Decoded<S> {
  const byTag = tagsOf(schema);
  const out: Record<string, unknown> = {};
  for (const name in schema) out[name] = schema[name]?.rule === 'many' ? [] : undefined;
  const reader = new Reader(bytes);
  while (!reader.atEnd) {
    const head = reader.varint(UINT32);
    const [name, field] = byTag.get(head >>> 3) ?? [];
    if (field === undefined || name === undefined) {
      if (unknown === 'refuse' || head >>> 3 === 0) throw new CryptoError('malformed');
      reader.skip(head & 7);
      continue;
    }
    if ((head & 7) !== (field.type === 'uint' ? 0 : 2)) throw new CryptoError('malformed');
    const item = read(reader, field, unknown);
    if (field.rule === 'many') (out[name] as unknown[]).push(item);
    else if (out[name] !== undefined) throw new CryptoError('malformed');
    else out[name] = item;
  }
  for (const name in schema) {
    if (schema[name]?.rule === 'one' && out[name] === undefined) throw new CryptoError('malformed');
  }
  return out as Decoded<S>;
}

function read(reader: Reader, field: Field, unknown: 'skip' | 'refuse'): unknown {
  if (field.type === 'uint') return reader.varint(field.max);
  const bytes = reader.bytes();
  if (field.type === 'record') return decode(field.schema, bytes, unknown);
  if (field.length !== undefined && bytes.length !== field.length) throw new CryptoError('malformed');
  return bytes;
}

const known = new WeakMap<Schema, ReadonlyMap<number, readonly [string, Field]>>();

function tagsOf(schema: Schema): ReadonlyMap<number, readonly [string, Field]> {
  let tags = known.get(schema);
  if (tags === undefined) {
    tags = new Map(Object.entries(schema).map(([name, field]) => [field.tag, [name, field]]));
    known.set(schema, tags);
  }
  return tags;
}

function varintLength(value: number): number {
  let length = 1;
  for (; value >= 0x80; value = Math.floor(value / 128)) length += 1;
  return length;
}

function writeVarint(value: number, to: Cursor): void {
  for (; value >= 0x80; value = Math.floor(value / 128)) to.out[to.at++] = (value % 128) | 0x80;
  to.out[to.at++] = value;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(max: number): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || factor > 2 ** 49) throw new CryptoError('malformed');
      value += (byte & 0x7f) * factor;
      if (value > max || (byte === 0 && factor > 1)) throw new CryptoError('malformed');
      if (byte < 0x80) return value;
    }
  }

  bytes(): Uint8Array {
    return this.#take(this.varint(UINT32));
  }

  skip(wireType: number): void {
    if (wireType === 0) {
      for (let count = 1; (this.#take(1)[0] ?? 0) >= 0x80; count++) {
        if (count === 10) throw new CryptoError('malformed');
      }
    } else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.bytes();
    else if (wireType === 5) this.#take(4);
    else throw new CryptoError('malformed');
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new CryptoError('malformed');
    const taken = this.#bytes.slice(this.#at, end);
    this.#at = end;
    return taken;
  }
}
