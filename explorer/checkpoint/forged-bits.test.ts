import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SearchResult } from '../search/result.ts'
import { CheckpointError } from './errors.ts'
import {
  type Forge,
  type Forgery,
  refusalOf,
  twoPhaseForgeries,
  verdictsOf,
} from './testing/forged-checkpoints.ts'

/** Recordings and text of a checkpoint, and any of its bits. */

const { exact, lossy, wide, orbits, ordered } = twoPhaseForgeries()
const models = [exact, lossy, wide, orbits, ordered]
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'forged-'))
  for (const { begin } of models) begin(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('recordings that cannot be', () => {
  const words = (forgery: Forgery) =>
    new Uint16Array(forgery.sections.recordings.buffer, 0, forgery.sections.recordings.length / 2)
  it.each<[string, Forge]>([
    [
      'half of one',
      (forgery) => {
        forgery.sections.recordings = forgery.sections.recordings.slice(0, -2)
      },
    ],
    [
      'of a step that there is not',
      (forgery) => {
        words(forgery)[1] = 0xffff
      },
    ],
    [
      'of neither a step nor a property',
      (forgery) => {
        words(forgery)[0] = 2
      },
    ],
    [
      'of no state',
      (forgery) => {
        words(forgery)[7] = 0xffff
      },
    ],
    [
      'none',
      (forgery) => {
        forgery.sections.recordings = new Uint8Array(0)
      },
    ],
  ])('%s', (_, change) => {
    for (const { forged } of models)
      expect(refusalOf(() => forged(change))).toMatch(/is damaged|another model/)
  })
})

it('text of the checkpoint does not reach the terminal raw', () => {
  const evil = 'x\u001b[2J\nmmucheck: 0 violated'
  const changes: Forge[] = [
    ({ meta }) => {
      meta.configuration.storage = evil
    },
    ({ meta }) => {
      meta.configuration[evil] = 1
    },
    ({ meta }) => meta.search.reductions.refused.push({ sort: 'rm', why: evil }),
    ({ meta }) => meta.search.reductions.refused.push({ sort: 'rm', why: 'x'.repeat(5000) }),
  ]
  for (const change of changes) {
    const said = refusalOf(() => orbits.forged(change))
    expect(said).not.toMatch(/\p{Cc}/u)
    expect(said.length).toBeLessThan(300)
  }
})

describe('any number may be another', () => {
  // Counts of what is merely shown may differ; a verdict may not.
  const paths = fc.record({
    section: fc.constantFrom(
      'states',
      'genealogy',
      'recordings',
      'table',
      'targets',
      'first',
      'chains',
      'meta',
    ),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    bit: fc.nat(7),
  })
  it.each(models)('and no other verdict comes of it: $name', ({ forged, search }) => {
    const whole = verdictsOf(search({}))
    fc.assert(
      fc.property(fc.array(paths, { minLength: 1, maxLength: 2 }), (flips) => {
        let result: SearchResult
        try {
          result = forged((forgery) => {
            for (const { section, at, bit } of flips) flip(forgery, section, at, bit)
          })
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError)
          return
        }
        expect(verdictsOf(result)).toEqual(whole)
      }),
      { numRuns: 30 },
    )
  })
})

/** Flips a bit of a section, or of a number of what is said of the search. */
function flip({ meta, sections }: Forgery, section: string, at: number, bit: number): void {
  const bytes = sections[section]
  if (bytes !== undefined && bytes.length > 0) bytes[Math.floor(at * bytes.length)] ^= 1 << bit
  else if (section === 'meta') {
    const numbers: (() => void)[] = []
    const collect = (value: Record<string, unknown>): void => {
      for (const [key, inner] of Object.entries(value)) {
        if (typeof inner === 'number' && key !== 'seconds')
          numbers.push(() => {
            value[key] = inner ^ (1 << bit)
          })
        else if (typeof inner === 'object' && inner !== null) collect(inner as Record<string, unknown>)
      }
    }
    collect(meta)
    numbers[Math.floor(at * numbers.length)]()
  }
}
