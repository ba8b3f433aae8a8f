import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Forge,
  type Forgery,
  int32,
  refusalOf,
  twoPhaseForgeries,
} from './testing/forged-checkpoints.ts'

/** Sections of a checkpoint that cannot be those of a search of this model. */

const { words, exact, lossy, wide, orbits, ordered } = twoPhaseForgeries()
const models = [exact, lossy, wide, orbits, ordered]
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'forged-'))
  for (const { begin } of models) begin(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each([lossy, wide])('a table of fingerprints: $name', ({ forged }) => {
  it.each<[string, Forge]>([
    [
      'that was cut',
      ({ sections }) => {
        sections.table = sections.table.slice(0, sections.table.length >> 1)
      },
    ],
    [
      'that was cut to a length that is none',
      ({ sections }) => {
        sections.table = sections.table.slice(0, sections.table.length - 24)
      },
    ],
    [
      'that is empty',
      ({ sections }) => {
        sections.table = new Uint8Array(0)
      },
    ],
    ['that is full', ({ sections }) => sections.table.fill(1)],
    ['without entries', ({ sections }) => sections.table.fill(0)],
    ['that was turned round', ({ sections }) => int32(sections.table).reverse()],
    [
      'with another entry',
      ({ sections }) => {
        const table = int32(sections.table)
        const at = table.findIndex((lane, n) => n % 2 === 0 && lane !== 0)
        table[at] ^= 1 << 30
      },
    ],
  ])('%s', (_, change) => {
    expect(refusalOf(() => forged(change))).toContain('is damaged')
  })
})

describe('states that cannot be', () => {
  it.each<[string, Forge]>([
    [
      'the same twice',
      ({ sections }) => {
        const states = int32(sections.states)
        states.copyWithin(words * 3, words * 2, words * 3)
      },
    ],
    [
      'a field outside its domain',
      ({ sections }) => {
        int32(sections.states)[0] |= -1
      },
    ],
    [
      'one less',
      ({ sections }) => {
        sections.states = sections.states.slice(0, -4 * words)
      },
    ],
    [
      'half of one',
      ({ sections }) => {
        sections.states = sections.states.slice(0, -2)
      },
    ],
  ])('%s', (_, change) => {
    for (const { forged } of models) expect(refusalOf(() => forged(change))).toContain('is damaged')
  })
})

describe('a record of who found whom that cannot be', () => {
  const children = ({ meta, sections }: Forgery) => sections.genealogy.subarray(2 * meta.states)
  it.each<[string, Forge]>([
    [
      'states that come from later ones',
      (forgery) => {
        const counts = children(forgery)
        counts[1] += counts[0]
        counts[0] = 0
      },
    ],
    [
      'a state that is not expanded has found others',
      (forgery) => {
        const counts = children(forgery)
        counts[0]--
        counts[counts.length - 1]++
      },
    ],
    [
      'a state too many',
      (forgery) => {
        children(forgery)[0]++
      },
    ],
    [
      'a count that is kept elsewhere, and is not',
      (forgery) => {
        children(forgery)[0] = 255
      },
    ],
    ['a count that no property asks for', ({ meta }) => meta.search.large.push([0, 300])],
    [
      'a step that there is not',
      ({ sections }) => {
        sections.genealogy.fill(255, 2, 4)
      },
    ],
  ])('%s', (_, change) => {
    for (const { forged } of models) expect(refusalOf(() => forged(change))).toContain('is damaged')
  })
})

it('a way to a violation that the model does not allow is a damage, not an internal error', () => {
  const { forged, search } = exact
  expect(search({}).properties.some((p) => p.verdict === 'violated' && p.trace !== null)).toBe(true)
  const swap: Forge = ({ sections, meta }) => {
    const via = new Uint16Array(sections.genealogy.buffer, 0, meta.states)
    via.fill(0, 1)
  }
  expect(refusalOf(() => forged(swap))).toContain('do not lead to state')
})

describe('edges that cannot be', () => {
  it.each<[string, Forge]>([
    [
      'to a state that there is not',
      ({ sections, meta }) => {
        int32(sections.targets)[0] = meta.states
      },
    ],
    [
      'to another state',
      ({ sections }) => {
        int32(sections.targets)[0] = 0
      },
    ],
    ['that begin before they end', ({ sections }) => new Float64Array(sections.first.buffer).reverse()],
    [
      'that begin nowhere',
      ({ sections }) => {
        new Float64Array(sections.first.buffer)[2] = Number.NaN
      },
    ],
    [
      'one less',
      ({ sections }) => {
        sections.targets = sections.targets.slice(0, -4)
      },
    ],
  ])('%s', (_, change) => {
    for (const { forged } of [exact, orbits]) expect(refusalOf(() => forged(change))).toContain('is damaged')
  })
})
