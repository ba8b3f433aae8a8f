import type { Tabulation } from '../../state/tabulation.ts'
import type { Placement, SymmetryGroup } from './symmetry-group.ts'

/** Most bits of a cell, unless a single field is wider. */
const CELL_BITS = 10

/** Layout of a cell: the families of its fields, and the bit where each begins. */
interface Cell {
  readonly families: number[]
  readonly shifts: number[]
  bits: number
}

/**
 * The fields with one index and values that are not ids, which are most fields: one row of cells per slot. A cell
 * holds several fields in few bits, so that tables can give its contribution to a signature and to the hash, and
 * fields that are adjacent in the packed state are moved together.
 *
 * The rows of the slots of one sort have the same layout: cell `cellStart[a] + c` has the same fields for slot a as
 * cell `cellStart[b] + c` has for slot b.
 */
export class SlotRows {
  /** Cells of slot s are those from `cellStart[s]` to `cellStart[s + 1] - 1`. */
  readonly cellStart: Int32Array
  /** Value of each cell in the state given to `gather`. */
  readonly values: Int32Array
  /** Hash lanes of the state that `move` works on. */
  low = 0
  high = 0
  /** Pieces of cell k, from `pieceStart[k]` on: adjacent bits of a word, and their position in the cell. */
  readonly #pieceStart: Int32Array
  readonly #word: Int32Array
  readonly #right: Int32Array
  readonly #mask: Int32Array
  readonly #left: Int32Array
  /** Value v of cell k adds `#weights[#weightAt[k] + v]` to the signature. The same for all slots of a sort. */
  readonly #weightAt: Int32Array
  readonly #weights: Int32Array
  /** Value v of cell k adds entry `#hashAt[k] + v` to the hash. */
  readonly #hashAt: Int32Array
  readonly #low: Int32Array
  readonly #high: Int32Array

  /** @param random a generator of random words for the signatures. */
  constructor(group: SymmetryGroup, hash: Tabulation, random: () => number) {
    const simple = group.moved().filter((p) => isSimple(p) && p.field.mask !== 0)
    const signaturesByFamily = signaturesOf(simple, random)
    const cellStart = [0]
    const pieceStart = [0]
    const pieces: { word: number; right: number; mask: number; left: number }[] = []
    const weightAt: number[] = []
    const weights: number[] = []
    const hashAt: number[] = []
    const low: number[] = []
    const high: number[] = []
    for (const [n, { size }] of group.sorts.entries()) {
      const first = group.bases[n]
      const cells = cellsOf(simple.filter((p) => p.places[0] === first))
      const weightsOfCells = cells.map((cell) => {
        const at = weights.length
        for (const encoded of fieldValues(cell, simple))
          weights.push(
            encoded.reduce(
              (sum, value, i) => (sum + (signaturesByFamily.get(cell.families[i])?.[value] ?? 0)) | 0,
              0,
            ),
          )
        return at
      })
      for (let slot = first; slot < first + size; slot++) {
        for (const [c, cell] of cells.entries()) {
          const own = cell.families.map(
            (family) => simple.find((p) => p.family === family && p.places[0] === slot) as Placement,
          )
          weightAt.push(weightsOfCells[c])
          hashAt.push(low.length)
          for (const encoded of fieldValues(cell, simple)) {
            low.push(
              encoded.reduce((sum, value, i) => sum ^ hash.low[hash.offset[own[i].field.index] + value], 0),
            )
            high.push(
              encoded.reduce((sum, value, i) => sum ^ hash.high[hash.offset[own[i].field.index] + value], 0),
            )
          }
          own.forEach(({ field: { word, shift, mask } }, i) => {
            const left = cell.shifts[i]
            const before = i === 0 ? undefined : pieces[pieces.length - 1]
            const bits = before === undefined ? 0 : left - before.left
            if (before !== undefined && before.word === word && before.right + bits === shift)
              before.mask |= mask << bits
            else pieces.push({ word, right: shift, mask, left })
          })
          pieceStart.push(pieces.length)
        }
        cellStart.push(cellStart[slot] + cells.length)
      }
    }
    this.cellStart = Int32Array.from(cellStart)
    this.values = new Int32Array(weightAt.length)
    this.#pieceStart = Int32Array.from(pieceStart)
    this.#word = Int32Array.from(pieces, (p) => p.word)
    this.#right = Int32Array.from(pieces, (p) => p.right)
    this.#mask = Int32Array.from(pieces, (p) => p.mask)
    this.#left = Int32Array.from(pieces, (p) => p.left)
    this.#weightAt = Int32Array.from(weightAt)
    this.#weights = Int32Array.from(weights)
    this.#hashAt = Int32Array.from(hashAt)
    this.#low = Int32Array.from(low)
    this.#high = Int32Array.from(high)
  }

  /** Reads the rows of the packed state at `base`, and writes the signature of each to `signatures`. */
  gather(from: Int32Array, base: number, signatures: Int32Array): void {
    const { cellStart, values } = this
    const pieceStart = this.#pieceStart
    const word = this.#word
    const right = this.#right
    const mask = this.#mask
    const left = this.#left
    const weightAt = this.#weightAt
    const weights = this.#weights
    let cell = 0
    let piece = 0
    for (let slot = 0; slot < signatures.length; slot++) {
      let signature = 0
      for (const end = cellStart[slot + 1]; cell < end; cell++) {
        let cellValue = 0
        for (const last = pieceStart[cell + 1]; piece < last; piece++)
          cellValue |= ((from[base + word[piece]] >>> right[piece]) & mask[piece]) << left[piece]
        values[cell] = cellValue
        signature = (signature + weights[weightAt[cell] + cellValue]) | 0
      }
      signatures[slot] = signature
    }
  }

  /** Whether two slots of one sort have equal rows. */
  areAlike(a: number, b: number): boolean {
    const { cellStart, values } = this
    const distance = cellStart[b] - cellStart[a]
    for (let cell = cellStart[a]; cell < cellStart[a + 1]; cell++)
      if (values[cell] !== values[cell + distance]) return false
    return true
  }

  /**
   * Replaces the row of slot `to` by that of slot `from` in a packed state that still has the former, and adds the
   * change of its hash to `low` and `high`.
   */
  move(from: number, to: number, state: Int32Array): void {
    const { cellStart, values } = this
    const hashAt = this.#hashAt
    const first = cellStart[to]
    const distance = cellStart[from] - first
    let { low, high } = this
    for (let cell = first; cell < cellStart[to + 1]; cell++) {
      const before = values[cell]
      const after = values[cell + distance]
      if (before === after) continue
      low ^= this.#low[hashAt[cell] + before] ^ this.#low[hashAt[cell] + after]
      high ^= this.#high[hashAt[cell] + before] ^ this.#high[hashAt[cell] + after]
      for (let p = this.#pieceStart[cell]; p < this.#pieceStart[cell + 1]; p++)
        state[this.#word[p]] ^= (((before ^ after) >>> this.#left[p]) & this.#mask[p]) << this.#right[p]
    }
    this.low = low
    this.high = high
  }
}

/** Whether a field is part of a row: it has one index, and its values are not ids. */
export const isSimple = ({ places, valueBase }: Placement): boolean => places.length === 1 && valueBase < 0

const bitsOf = (mask: number): number => 32 - Math.clz32(mask)

/** Distributes the fields of one slot over cells, in the order of the packed state. */
function cellsOf(fields: readonly Placement[]): Cell[] {
  const cells: Cell[] = []
  const inOrder = fields.toSorted((a, b) => a.field.word - b.field.word || a.field.shift - b.field.shift)
  for (const { field, family } of inOrder) {
    const bits = bitsOf(field.mask)
    let cell = cells.at(-1)
    if (cell === undefined || cell.bits + bits > CELL_BITS) {
      cell = { families: [], shifts: [], bits: 0 }
      cells.push(cell)
    }
    cell.families.push(family)
    cell.shifts.push(cell.bits)
    cell.bits += bits
  }
  return cells
}

/** For each value of a cell, the values of its fields; 0 instead of a value outside the field's domain. */
function* fieldValues({ families, shifts, bits }: Cell, fields: readonly Placement[]): Iterable<number[]> {
  const domains = families.map((family) => (fields.find((p) => p.family === family) as Placement).field)
  for (let cellValue = 0; cellValue < 1 << bits; cellValue++)
    yield domains.map(({ mask, shape }, i) => {
      const value = (cellValue >>> shifts[i]) & mask
      return value < shape.size ? value : 0
    })
}

/** By family: what each value of the field adds to the signature of its slot. */
function signaturesOf(
  fields: readonly Placement[],
  random: () => number,
): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>()
  for (const { family, field } of fields) {
    if (found.has(family)) continue
    found.set(
      family,
      Array.from({ length: field.mask + 1 }, (_, value) => (value === 0 ? 0 : random())),
    )
  }
  return found
}
