import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Forge, refusalOf, twoPhaseForgeries, verdictsOf } from './testing/forged-checkpoints.ts'

/** A position, counts or findings that contradict the rest of a checkpoint must be refused. */

const { exact, lossy, wide, orbits, ordered } = twoPhaseForgeries()
const models = [exact, lossy, wide, orbits, ordered]
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'forged-'))
  for (const { begin } of models) begin(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each(models)('a checkpoint with new checksums is a checkpoint: $name', ({ forged, search }) => {
  expect(verdictsOf(forged(() => {}))).toEqual(verdictsOf(search({})))
})

describe.each(models)('a position that cannot be: $name', ({ forged }) => {
  it.each<[string, Forge]>([
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
    expect(refusalOf(() => forged(change))).toContain('is damaged')
  })
})

describe.each([exact, lossy, orbits])(
  'findings and counts that its recordings contradict: $name',
  ({ forged }) => {
    it.each<[string, Forge]>([
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
      expect(refusalOf(() => forged(change))).toContain('is damaged')
    })
  },
)
