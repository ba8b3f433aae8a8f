import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { quotedPath } from '../../model/language/quoted.ts'
import { replaceFile } from '../checkpoint/atomic-file.ts'
import { makeFolder } from '../checkpoint/make-folder.ts'

/**
 * The states of a shard on disk, in the order in which it found them, each with where it was reached from; and where the
 * search of the shard stood. States are only appended. A process that is killed leaves a whole number of blocks and
 * perhaps part of one, which is dropped.
 */

/** Numbers of a row besides the packed words: shard and step it was reached by, and number of the state there. */
export const LOG_ROW = { via: 0, parent: 1, words: 2 } as const

/** Shard of a parent that stands for none: the state is initial, and its parent is its number among those. */
export const NO_SHARD = 0xffff

/** Where a state was reached from. */
export interface Origin {
  /** NO_SHARD for an initial state. */
  readonly shard: number
  /** Number of the state in that shard, or of the initial state. */
  readonly parent: number
  /** Number of the step. */
  readonly step: number
}

/** The numbers of a shard's search at one moment. */
export const positionShape = z.strictObject({
  /** How often the run had been set back. */
  generation: z.int().min(0),
  /** The level that is expanded. */
  level: z.int().min(0),
  /** The first state that is not expanded, the first of the next level, and the number of states. */
  head: z.int().min(0),
  levelEnd: z.int().min(0),
  count: z.int().min(0),
  /** The first state of each level up to the next. */
  levels: z.array(z.int().min(0)),
  transitions: z.number().min(0),
  deadlocks: z.number().min(0),
  fired: z.array(z.number().min(0)),
  antecedents: z.array(z.number().min(0)),
  /** What was decided where: id of the property or oops, state, and step or null. */
  findings: z.array(z.tuple([z.string(), z.int().min(0), z.int().min(0).nullable()])),
  /** A hash of all states up to `count`. */
  checksum: z.string(),
})
export type Position = z.infer<typeof positionShape>

/** The files of a shard cannot be used. */
export class BadLog extends Error {
  override readonly name = 'BadLog'
}

/** Numbers in front of the rows of a block. */
const BLOCK = { rows: 0, check: 1, length: 2 } as const

/** Rows that are read at a time. */
const PIECE = 4096

/** The log of one shard. */
export class ShardLog {
  readonly folder: string
  readonly #width: number
  readonly #file: number
  /** First row and offset in the file of each block, in order. */
  readonly #firsts: number[] = []
  readonly #offsets: number[] = []
  #count = 0
  #bytes = 0
  #buffer = new Int32Array(1 << 14)
  #buffered = 0

  /** @param words of a packed state. @throws the error of the file system. */
  constructor(folder: string, words: number) {
    makeFolder(folder)
    this.folder = folder
    this.#width = LOG_ROW.words + words
    this.#file = openSync(join(folder, 'states'), existsSync(join(folder, 'states')) ? 'r+' : 'wx+')
  }

  /** Rows, those included that are not written yet. */
  get count(): number {
    return this.#count + this.#buffered
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#bytes
  }

  /** Appends a state; it is on disk after `sync`. */
  append({ shard, parent, step }: Origin, words: Int32Array, base: number): void {
    const width = this.#width
    if ((this.#buffered + 1) * width > this.#buffer.length) {
      const larger = new Int32Array(this.#buffer.length * 2)
      larger.set(this.#buffer)
      this.#buffer = larger
    }
    const at = this.#buffered++ * width
    this.#buffer[at + LOG_ROW.via] = (shard << 16) | step
    this.#buffer[at + LOG_ROW.parent] = parent
    for (let w = LOG_ROW.words; w < width; w++) this.#buffer[at + w] = words[base + w - LOG_ROW.words]
  }

  /** Writes what was appended, and syncs it to disk. */
  sync(): void {
    if (this.#buffered === 0) return
    const length = this.#buffered * this.#width
    const block = new Int32Array(BLOCK.length + length)
    const rows = this.#buffer.subarray(0, length)
    block.set(rows, BLOCK.length)
    block[BLOCK.rows] = this.#buffered
    block[BLOCK.check] = checkOf(rows)
    const bytes = new Uint8Array(block.buffer)
    for (let at = 0; at < bytes.length; )
      at += writeSync(this.#file, bytes, at, bytes.length - at, this.#bytes + at)
    fsyncSync(this.#file)
    this.#noteBlock(this.#buffered, this.#bytes)
    this.#bytes += bytes.length
    this.#buffered = 0
  }

  /**
   * Reads what is on disk from the beginning, up to the first block that is not whole, or `most` rows, and drops the
   * rest. To be called once, before anything is appended.
   */
  *rows(most: number): Generator<{ readonly rows: Int32Array; readonly count: number }> {
    const { size } = statSync(join(this.folder, 'states'))
    let at = 0
    while (this.#count < most) {
      const head = new Int32Array(BLOCK.length)
      if (at + 4 * BLOCK.length > size) break
      readWhole(this.#file, head, at)
      const rows = head[BLOCK.rows]
      const length = rows * this.#width
      if (rows <= 0 || at + 4 * (BLOCK.length + length) > size) break
      const block = new Int32Array(length)
      readWhole(this.#file, block, at + 4 * BLOCK.length)
      if (checkOf(block) !== head[BLOCK.check]) break
      const kept = Math.min(rows, most - this.#count)
      if (kept < rows) {
        // Part of a block stays: it is written anew.
        ftruncateSync(this.#file, at)
        this.#bytes = at
        this.#buffer = block.slice()
        this.#buffered = kept
        yield* pieces(block, kept, this.#width)
        this.sync()
        return
      }
      this.#noteBlock(rows, at)
      at += 4 * (BLOCK.length + length)
      this.#bytes = at
      yield* pieces(block, rows, this.#width)
    }
    ftruncateSync(this.#file, at)
    this.#bytes = at
  }

  /** Where a state was reached from. @throws RangeError for a number that no state has. */
  originOf(state: number): Origin {
    if (!(state >= 0 && state < this.#count)) throw new RangeError(`there is no state ${state}`)
    let low = 0
    let high = this.#firsts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#firsts[middle] <= state) low = middle
      else high = middle - 1
    }
    const row = new Int32Array(LOG_ROW.words)
    const within = (state - this.#firsts[low]) * this.#width
    readWhole(this.#file, row, this.#offsets[low] + 4 * (BLOCK.length + within))
    return { shard: row[LOG_ROW.via] >>> 16, step: row[LOG_ROW.via] & 0xffff, parent: row[LOG_ROW.parent] }
  }

  /** Replaces the record of where the search stands. */
  saveNow(position: Position): void {
    this.#save('now', position)
  }

  /** Replaces the record of where the search stood at the beginning of a level. */
  saveLevel(position: Position): void {
    this.#save(`level-${position.level}`, position)
  }

  /** Where the search stood last; null if it has not begun. @throws BadLog for a damaged record. */
  savedNow(): Position | null {
    return this.#saved('now')
  }

  /** Where the search stood at the beginning of a level; null if it was not there. @throws BadLog */
  savedLevel(level: number): Position | null {
    return this.#saved(`level-${level}`)
  }

  /** Removes the records of later levels, the last one first: what is left is always without a gap. */
  forgetAfter(level: number): void {
    const levels = readdirSync(this.folder).flatMap((name) => {
      const number = Number(/^level-(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN)
      return number > level ? [number] : []
    })
    for (const each of levels.sort((a, b) => b - a)) rmSync(join(this.folder, `level-${each}.json`))
  }

  close(): void {
    closeSync(this.#file)
  }

  #save(name: string, position: Position): void {
    replaceFile(join(this.folder, `${name}.json`), JSON.stringify(position))
  }

  #saved(name: string): Position | null {
    const path = join(this.folder, `${name}.json`)
    if (!existsSync(path)) return null
    const parsed = positionShape.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    if (!parsed.success) throw new BadLog(`${quotedPath(path)} is damaged`)
    return parsed.data
  }

  #noteBlock(rows: number, offset: number): void {
    this.#firsts.push(this.#count)
    this.#offsets.push(offset)
    this.#count += rows
  }
}

function* pieces(
  block: Int32Array,
  rows: number,
  width: number,
): Generator<{ readonly rows: Int32Array; readonly count: number }> {
  for (let from = 0; from < rows; from += PIECE) {
    const count = Math.min(PIECE, rows - from)
    yield { rows: block.subarray(from * width, (from + count) * width), count }
  }
}

function readWhole(file: number, into: Int32Array, offset: number): void {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(file, bytes, at, bytes.length - at, offset + at)
    if (read === 0) throw new BadLog('the file of states ends too early')
    at += read
  }
}

/** The first word of a hash of rows. */
function checkOf(rows: Int32Array): number {
  const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength)
  return createHash('sha1').update(bytes).digest().readInt32LE(0)
}
