import { enlarged } from '../state/array-bounds.ts'

/**
 * A batch of states on its way to the shard that owns them, as 32-bit numbers: a header, then for each state the number
 * of the state it was reached from, the number of the step, its hash lanes, and its packed words.
 */

/** Numbers of the header. */
const HEADER = { magic: 0, generation: 1, level: 2, from: 3, count: 4, length: 5 } as const

const MAGIC = 0x6d6d7531

/** Numbers of a state besides its words. */
export const ROW = { parent: 0, step: 1, low: 2, high: 3, words: 4 } as const

/** What a batch says of itself. */
export interface BatchHeader {
  /** How often the search was set back; a batch of an earlier generation is not used. */
  readonly generation: number
  /** The level that was expanded: the states are one level deeper. */
  readonly level: number
  /** The shard that sent it. */
  readonly from: number
}

/** A batch that arrived. */
export interface ReceivedBatch extends BatchHeader {
  readonly count: number
  readonly rows: Int32Array
}

/** What arrived is no batch of this search. */
export class BadBatch extends Error {
  override readonly name = 'BadBatch'
}

/** States for another shard, until they are sent. */
export class OutgoingBatch {
  readonly #width: number
  readonly #usual: number
  #data: Int32Array
  #count = 0

  /** @param words of a packed state. @param usual states of a batch; it has room for more. */
  constructor(words: number, usual: number) {
    this.#width = ROW.words + words
    this.#usual = usual
    this.#data = this.#empty()
  }

  get count(): number {
    return this.#count
  }

  /** Adds a state with its hash lanes: the words at `base`, each combined with those of `change` by exclusive or. */
  add(
    parent: number,
    step: number,
    low: number,
    high: number,
    words: Int32Array,
    base: number,
    records: Int32Array,
    change: number,
  ): void {
    const width = this.#width
    let at = HEADER.length + width * this.#count++
    if (at + width > this.#data.length)
      this.#data = enlarged(this.#data, new Int32Array(2 * this.#data.length))
    const data = this.#data
    data[at++] = parent
    data[at++] = step
    data[at++] = low
    data[at++] = high
    for (let w = 0; w < width - ROW.words; w++) data[at + w] = words[base + w] ^ records[change + w]
  }

  /** The batch as bytes; it is empty afterwards. */
  take({ generation, level, from }: BatchHeader): Uint8Array {
    const data = this.#data
    data.set([MAGIC, generation, level, from, this.#count])
    const bytes = 4 * (HEADER.length + this.#width * this.#count)
    this.#data = this.#empty()
    this.#count = 0
    // The client of Redis takes other views for texts.
    return Buffer.from(data.buffer, 0, bytes)
  }

  #empty(): Int32Array {
    return new Int32Array(HEADER.length + this.#width * this.#usual)
  }
}

/** Reads a batch. @throws BadBatch for bytes that are none. */
export function readBatch(bytes: Uint8Array, words: number): ReceivedBatch {
  const width = ROW.words + words
  if (bytes.byteLength % 4 !== 0 || bytes.byteLength < 4 * HEADER.length)
    throw new BadBatch(`${bytes.byteLength} bytes are no batch of states`)
  // A copy, because the bytes need not lie on a border of four.
  const data = new Int32Array(new Uint8Array(bytes).buffer)
  const count = data[HEADER.count]
  if (data[HEADER.magic] !== MAGIC || data.length !== HEADER.length + width * count)
    throw new BadBatch('it does not have the form of a batch of states')
  return {
    generation: data[HEADER.generation],
    level: data[HEADER.level],
    from: data[HEADER.from],
    count,
    rows: data.subarray(HEADER.length),
  }
}
