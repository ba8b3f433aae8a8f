import { describe, expect, it, vi } from 'vitest'

/** Chunks of eight states, so that small systems fill several. */
vi.hoisted(() => {
  Object.assign(globalThis, { [Symbol.for('mmucheck.sizes')]: { chunkBits: 3, slots: 4 } })
})

import type { Field } from '../../model/language/fields.ts'
import { VectorStore } from '../state/vector-store.ts'
import type { StorageOptions } from '../state/visited-set.ts'
import type { CheckpointReader } from './checkpoint-files.ts'
import { CheckpointError } from './errors.ts'
import { restoreStates } from './restore-states.ts'
import { countsUp, emptyParts, explored, FAR, TOP } from './testing/explored-parts.ts'
import { refusalOf } from './testing/forged-checkpoints.ts'

const { chunkBits, chunkMask } = VectorStore
const system = countsUp(1)
const { words } = system.layout

/** Sections of a checkpoint, with nothing said about them but their lengths. */
function readerOf(sections: Record<string, Int32Array>): CheckpointReader {
  const bytes = (name: string): number => sections[name]?.byteLength ?? 0
  return {
    meta: null,
    bytes,
    read(name, into) {
      let at = 0
      for (const array of into as Iterable<Int32Array>) {
        array.set(sections[name].subarray(at, at + array.length))
        at += array.length
      }
      expect(at).toBe(sections[name].length)
    },
    numbers: (name) => sections[name].slice() as never,
    damaged: (what) => new CheckpointError(what),
  }
}

/** A search that has expanded `head` states, and what a checkpoint holds of it. */
function searched(head: number, options: StorageOptions) {
  const parts = explored(system, head, options)
  const { store, table } = parts
  const sections: Record<string, Int32Array> = {
    states: Int32Array.from([...store.stateArrays(head)].flatMap((array) => [...array])),
    ...(table.contents === undefined ? {} : { table: table.contents }),
  }
  return { parts, sections, states: store.count }
}

/** Takes the states of such a search back after a change. */
function restored(
  head: number,
  options: StorageOptions,
  change: (search: ReturnType<typeof searched> & { head: number }) => void = () => {},
) {
  const search = { ...searched(head, options), head }
  change(search)
  const parts = emptyParts(system, options)
  const visited: number[][] = []
  restoreStates(parts, readerOf(search.sections), search.head, search.states, (id, from, base) =>
    visited.push([id, ...from.slice(base, base + words)]),
  )
  return { search, parts, visited }
}

const EXACT: StorageOptions = {}
const LOSSY: StorageOptions = { storage: 'fingerprint' }
const WIDE: StorageOptions = { storage: 'fingerprint', fingerprintBits: 128 }

it('the states fill several chunks, of more than one word each', () => {
  expect(words).toBe(2)
  expect(explored(system, TOP).store.chunks.length).toBe(4)
})

describe.each([EXACT, LOSSY, WIDE])('states restored from the store: %o', (options) => {
  it.each([0, 7, 8, 20, TOP])('of which %i are expanded', (head) => {
    const { search, parts, visited } = restored(head, options)
    const { store, table, compiled } = search.parts
    expect(parts.store.count).toBe(store.count)
    expect(parts.store.chunks).toEqual(store.chunks)
    expect([parts.store.lows, parts.store.highs]).toEqual([store.lows, store.highs])
    // All can be found again, and nothing else.
    const { hash } = compiled
    const { layout } = system
    const encoded = new Uint16Array(layout.fields.length)
    const state = new Int32Array(words)
    const kept = store.firstKept(head)
    const expected: number[][] = []
    const [numbers, others] = [parts.table, table].map((each) => {
      expected.length = 0
      return Array.from({ length: store.count - kept }, (_, n) => {
        const base = ((kept + n) & chunkMask) * words
        state.set(store.chunks[(kept + n) >>> chunkBits].subarray(base, base + words))
        expected.push([kept + n, ...state])
        layout.unpack(state, 0, encoded)
        return each.insertState(state, 0, hash.hashLow(encoded), hash.hashHigh(encoded))
      })
    })
    expect(numbers).toEqual(others)
    expect(visited).toEqual(expected)
    layout.pack(countsUp(35).initial[0], state, 0)
    layout.unpack(state, 0, encoded)
    expect(parts.table.insertState(state, 0, hash.hashLow(encoded), hash.hashHigh(encoded))).toBeLessThan(0)
  })
})

it('each state is reported if the caller wants it', () => {
  const { sections, states } = searched(3, EXACT)
  const parts = emptyParts(system)
  restoreStates(parts, readerOf(sections), 3, states)
  expect(parts.store.count).toBe(states)
})

describe('states that cannot be', () => {
  type Change = Parameters<typeof restored>[2]
  const refusal = (head: number, options: StorageOptions, change: Change) =>
    refusalOf(() => restored(head, options, change))

  it.each([EXACT, LOSSY])('more expanded than found: %o', (options) => {
    expect(
      refusal(3, options, (search) => {
        search.head = search.states + 1
      }),
    ).toBe('6 of 5 states are expanded')
  })

  it.each([EXACT, LOSSY])('as many expanded as found are not too many: %o', (options) => {
    expect(
      restored(TOP, options, ({ head, states }) => {
        expect(head).toBe(states)
      }).parts.store.count,
    ).toBe(TOP)
  })

  it('more than the files can hold', () => {
    const many =
      (states: number): Change =>
      (search) => {
        search.states = states
      }
    expect(refusal(3, EXACT, many(2 ** 40))).toBe(`it cannot hold ${2 ** 40} states`)
    expect(refusal(3, LOSSY, many(2 ** 40))).toBe(`it cannot hold ${2 ** 40} states`)
    const { sections } = searched(3, LOSSY)
    expect(refusal(3, EXACT, many(5 * 4 * words))).toBe('states has another length')
    expect(refusal(3, LOSSY, many(sections.table.length + 1))).toBe(
      `it cannot hold ${sections.table.length + 1} states`,
    )
    expect(refusal(3, LOSSY, many(sections.table.length))).toBe('states has another length')
  })

  it.each([EXACT, LOSSY])('of another length: %o', (options) => {
    for (const head of [3, 20])
      for (const by of [-1, 1])
        expect(
          refusal(head, options, ({ sections }) => {
            const longer = new Int32Array(sections.states.length + by)
            longer.set(sections.states.subarray(0, longer.length))
            sections.states = longer
          }),
        ).toBe('states has another length')
  })

  it('in a table that is none', () => {
    expect(
      refusal(3, LOSSY, ({ sections }) => {
        sections.table = sections.table.slice(0, -2)
      }),
    ).toMatch(/^its table has \d+ slots$/)
  })

  it.each([EXACT, LOSSY, WIDE])('twice: %o', (options) => {
    expect(
      refusal(20, options, ({ sections, parts }) => {
        const at = (21 - parts.store.firstKept(20)) * words
        sections.states.copyWithin(at, at - words, at)
      }),
    ).toBe('state 21 is there twice')
  })

  /** Makes the sixth of the states that are kept another one. */
  const sixth = (change: (word: number) => number): Change => {
    return ({ sections }) => {
      const at = 5 * words + counted.word
      sections.states[at] = change(sections.states[at])
    }
  }
  const counted = system.layout.fields.find(({ path }) => path === 'world.n') as Field

  it('that were not found', () => {
    const far = sixth((word) => (word & ~(counted.mask << counted.shift)) | (FAR << counted.shift))
    expect(refusal(20, LOSSY, far)).toBe('state 21 is not in its table')
    expect(refusal(20, WIDE, far)).toBe('state 21 is not in its table')
    expect(restored(20, EXACT, far).parts.store.count).toBe(22)
  })

  it('with a field outside its domain', () => {
    const none = sixth(() => -1)
    expect(refusal(20, EXACT, none)).toBe('state 5 is not one of counts-up')
    expect(refusal(20, LOSSY, none)).toBe('state 21 is not one of counts-up')
  })
})
