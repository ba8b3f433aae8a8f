import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Property } from '../../model/language/property.ts'
import { filterLockSubject, twoPhaseSubject } from '../oracles/subjects.ts'
import { breadthFirst, type SearchOptions } from '../search/breadth-first.ts'
import type { SearchResult } from '../search/result.ts'
import { CheckpointError } from './errors.ts'
import { type Forgery, forge, int32 } from './forging.ts'
import { interrupted } from './interruptions.ts'

/** What nobody can rule out must be believed; what contradicts itself must not. */

const { system, properties } = twoPhaseSubject(4)
const canCommit: Property<unknown> = {
  kind: 'progress',
  id: 'can-commit',
  title: '',
  goal: (w) => (w as { tmState: string }).tmState === 'committed',
}
const judged = [...properties, canCommit]

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'forged-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Change = (forgery: Forgery) => void

/** A search with a checkpoint in its midst, of which forged copies are made. */
function subject(
  name: string,
  options: SearchOptions,
  look: number,
  all: readonly Property<unknown>[] = judged,
) {
  const search = (more: SearchOptions) => breadthFirst(system, all, { ...options, ...more })
  const sound = () => join(folder, name)
  const copy = () => join(folder, `${name}-copy`)
  return {
    name,
    search,
    begin: () => {
      const first = interrupted(search, sound(), look)
      expect(first.complete).toBe(false)
    },
    /** Goes on from a forged copy. */
    forged: (change: Change): SearchResult<unknown> => {
      rmSync(copy(), { recursive: true, force: true })
      cpSync(sound(), copy(), { recursive: true })
      forge(copy(), change)
      return search({ resume: copy() })
    },
  }
}

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    expect(error.message).not.toContain('\n')
    return error.message
  }
  throw new Error('it was accepted')
}

const exact = subject('exact', { storage: 'exact' }, 3)
const lossy = subject('lossy', { storage: 'fingerprint' }, 3, properties)
const wide = subject('wide', { storage: 'fingerprint', fingerprintBits: 96 }, 3, properties)
const orbits = subject('orbits', { reduce: 'symmetry' }, 3)
const ordered = subject('ordered', { reduce: 'por' }, 3)
const subjects = [exact, lossy, wide, orbits, ordered]
beforeAll(() => {
  for (const { begin } of subjects) begin()
})

test.each(subjects)('a checkpoint with new checksums is a checkpoint: $name', ({ forged, search }) => {
  expect(verdicts(forged(() => {}))).toEqual(verdicts(search({})))
})

/** Everything that matters: what is said of the properties, and whether all was searched. */
function verdicts({ complete, properties: all }: SearchResult<unknown>) {
  return [complete, ...all.map(({ property, verdict }) => `${property.id} ${verdict}`)]
}

describe.each(subjects)('a position that cannot be: $name', ({ forged }) => {
  test.each<[string, Change]>([
    [
      'everything is expanded',
      ({ meta }) => {
        meta.search.position.head = meta.states
      },
    ],
    ['one state more is expanded', ({ meta }) => meta.search.position.head++],
    [
      'half is expanded',
      ({ meta }) => {
        meta.search.position.head >>= 1
      },
    ],
    ['a state more', ({ meta }) => meta.states++],
    ['a state less', ({ meta }) => meta.states--],
    [
      'as many states as numbers go',
      ({ meta }) => {
        meta.states = 2 ** 53 - 1
      },
    ],
    [
      'more expanded than found',
      ({ meta }) => {
        meta.search.position.head = meta.states + 1
      },
    ],
    ['a transition more', ({ meta }) => meta.search.position.transitions++],
    [
      'another initial state',
      ({ meta }) => {
        meta.search.initialOf[0] = 1
      },
    ],
    [
      'no initial state',
      ({ meta }) => {
        meta.search.initialOf = []
      },
    ],
  ])('%s', (_, change) => {
    expect(refusal(() => forged(change))).toContain('is damaged')
  })
})

describe.each([exact, lossy, orbits])(
  'findings and counts that its recordings contradict: $name',
  ({ forged }) => {
    test.each<[string, Change]>([
      [
        'a violation is missing',
        ({ meta }) => {
          meta.search.findings = []
        },
      ],
      [
        'a violation of what holds',
        ({ meta }) => meta.search.findings.push(['consistent', { state: 1, step: null }]),
      ],
      [
        'nothing was ever judged',
        ({ meta }) => {
          meta.search.position.antecedents[0] = 0
        },
      ],
      [
        'more was judged than there is',
        ({ meta }) => {
          meta.search.position.antecedents[0] = 1e9
        },
      ],
      [
        'a deadlock',
        ({ meta }) => {
          meta.search.deadlocks++
        },
      ],
      [
        'a step was never taken',
        ({ meta }) => {
          meta.search.position.fired[0] = 0
        },
      ],
      ['a step was taken once more', ({ meta }) => meta.search.position.fired[0]++],
      ['a count less', ({ meta }) => meta.search.position.fired.pop()],
    ])('%s', (_, change) => {
      expect(refusal(() => forged(change))).toContain('is damaged')
    })
  },
)

describe.each([lossy, wide])('a table of fingerprints: $name', ({ forged }) => {
  test.each<[string, Change]>([
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
    expect(refusal(() => forged(change))).toContain('is damaged')
  })
})

describe('states that cannot be', () => {
  test.each<[string, Change]>([
    [
      'the same twice',
      ({ sections }) => {
        const states = int32(sections.states)
        const words = system.layout.words
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
        sections.states = sections.states.slice(0, -4 * system.layout.words)
      },
    ],
    [
      'half of one',
      ({ sections }) => {
        sections.states = sections.states.slice(0, -2)
      },
    ],
  ])('%s', (_, change) => {
    for (const { forged } of subjects) expect(refusal(() => forged(change))).toContain('is damaged')
  })
})

describe('a record of who found whom that cannot be', () => {
  const children = ({ meta, sections }: Forgery) => sections.genealogy.subarray(2 * meta.states)
  test.each<[string, Change]>([
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
    ['a count that nobody asks for', ({ meta }) => meta.search.large.push([0, 300])],
    [
      'a step that there is not',
      ({ sections }) => {
        sections.genealogy.fill(255, 2, 4)
      },
    ],
  ])('%s', (_, change) => {
    for (const { forged } of subjects) expect(refusal(() => forged(change))).toContain('is damaged')
  })
})

test('a way to a violation that the model does not allow is a damage, not an internal error', () => {
  const { forged, search } = exact
  expect(search({}).properties.some((p) => p.verdict === 'violated' && p.trace !== null)).toBe(true)
  const swap: Change = ({ sections, meta }) => {
    const via = new Uint16Array(sections.genealogy.buffer, 0, meta.states)
    via.fill(0, 1)
  }
  expect(refusal(() => forged(swap))).toContain('do not lead to state')
})

describe('edges that cannot be', () => {
  test.each<[string, Change]>([
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
    for (const { forged } of [exact, orbits]) expect(refusal(() => forged(change))).toContain('is damaged')
  })
})

describe('recordings that cannot be', () => {
  const words = (forgery: Forgery) =>
    new Uint16Array(forgery.sections.recordings.buffer, 0, forgery.sections.recordings.length / 2)
  test.each<[string, Change]>([
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
    for (const { forged } of subjects)
      expect(refusal(() => forged(change))).toMatch(/is damaged|another model/)
  })
})

test('text of the checkpoint does not reach the terminal raw', () => {
  const evil = 'x\u001b[2J\nmmucheck: 0 violated'
  const changes: Change[] = [
    ({ meta }) => {
      meta.manner.storage = evil
    },
    ({ meta }) => {
      meta.manner[evil] = 1
    },
    ({ meta }) => meta.search.reductions.refused.push({ sort: 'rm', why: evil }),
    ({ meta }) => meta.search.reductions.refused.push({ sort: 'rm', why: 'x'.repeat(5000) }),
  ]
  for (const change of changes) {
    const said = refusal(() => orbits.forged(change))
    expect(said).not.toMatch(/\p{Cc}/u)
    expect(said.length).toBeLessThan(300)
  }
})

describe('any number may be another', () => {
  // Counts of what is merely shown may differ; a verdict may not.
  const places = fc.record({
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
  test.each(subjects)('and no other verdict comes of it: $name', ({ forged, search }) => {
    const whole = verdicts(search({}))
    fc.assert(
      fc.property(fc.array(places, { minLength: 1, maxLength: 2 }), (flips) => {
        let result: SearchResult<unknown>
        try {
          result = forged((forgery) => {
            for (const { section, at, bit } of flips) flip(forgery, section, at, bit)
          })
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError)
          return
        }
        expect(verdicts(result)).toEqual(whole)
      }),
      { numRuns: 60 },
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

test('a search that has filled more than one chunk is held to its last states', () => {
  const { system: locks, properties: safe } = filterLockSubject(5)
  const directory = join(folder, 'locks')
  for (const storage of ['exact', 'fingerprint'] as const) {
    const options: SearchOptions = { storage }
    rmSync(directory, { recursive: true, force: true })
    breadthFirst(locks, safe, { ...options, checkpoint: { directory }, maxStates: 90_000 })
    forge(directory, ({ meta }) => {
      meta.search.position.head += 900
    })
    expect(refusal(() => breadthFirst(locks, safe, { ...options, resume: directory }))).toContain(
      'is damaged',
    )
  }
})
