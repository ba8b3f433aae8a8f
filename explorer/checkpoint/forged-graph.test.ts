import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Property } from '../../model/language/property.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { twoPhaseModel } from '../oracles/models.ts'
import { evaluateLiveness } from '../search/liveness/liveness.ts'
import { type Forge, type Forgery, forge, int32, refusalOf } from './testing/forged-checkpoints.ts'

/** Forged checkpoints of a graph on which liveness is judged. */

const { system } = twoPhaseModel(4)
const decides: Property<unknown> & { kind: 'eventually' } = {
  kind: 'eventually',
  id: 'decides',
  title: '',
  goal: (w) => (w as { tmState: string }).tmState !== 'init',
}
const steps = new CompiledSystem(system).steps.length
const { words } = system.layout

let directory = ''
beforeAll(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'forged-graph-')), 'cp')
})
afterAll(() => rmSync(join(directory, '..'), { recursive: true, force: true }))

const judge = (more: object) => evaluateLiveness(system, [decides], more)
const forged = (change: Forge) => {
  rmSync(directory, { recursive: true, force: true })
  judge({ checkpoint: { directory }, maxDepth: 5 })
  forge(directory, change)
  return judge({ resume: directory })
}
const first = ({ sections }: Forgery) =>
  new Float64Array(sections.first.buffer, 0, sections.first.length / Float64Array.BYTES_PER_ELEMENT)

it('new checksums alone make no difference', () => {
  const [{ verdict, antecedent, trace }] = judge({})
  expect(forged(() => {})).toMatchObject([{ verdict, antecedent, trace }])
})

describe('a graph that cannot be is refused', () => {
  it.each<[string, Forge]>([
    [
      'with half of its states expanded no more',
      ({ sections }) => {
        sections.first = sections.first.slice(0, 8 * 20)
      },
    ],
    [
      'with no places of edges',
      ({ sections }) => {
        sections.first = new Uint8Array(0)
      },
    ],
    [
      'with half a number',
      ({ sections }) => {
        sections.first = sections.first.slice(0, -4)
      },
    ],
    [
      'with everything expanded',
      (forgery) => {
        const all = first(forgery)
        const longer = new Float64Array(forgery.meta.states + 1).fill(all[all.length - 1])
        longer.set(all)
        forgery.sections.first = new Uint8Array(longer.buffer)
      },
    ],
    [
      'with edges in no order',
      (forgery) => {
        first(forgery).reverse()
      },
    ],
    [
      'with edges that begin nowhere',
      (forgery) => {
        first(forgery)[3] = Number.NaN
      },
    ],
    [
      'with an edge to a state that there is not',
      ({ sections, meta }) => {
        int32(sections.targets)[2] = meta.states
      },
    ],
    [
      'with an edge to nothing',
      ({ sections }) => {
        int32(sections.targets)[2] = -2
      },
    ],
    [
      'with an edge into a fault',
      ({ sections }) => {
        int32(sections.targets)[2] = -1
      },
    ],
    [
      'with an edge back to the beginning',
      ({ sections }) => {
        const targets = int32(sections.targets)
        targets[targets.length - 1] = 0
      },
    ],
    [
      'with a step that there is not',
      ({ sections }) => {
        new Uint16Array(sections.labels.buffer)[2] = steps
      },
    ],
    [
      'with another step',
      ({ sections }) => {
        new Uint16Array(sections.labels.buffer)[2]++
      },
    ],
    [
      'with a state twice',
      ({ sections }) => {
        int32(sections.states).copyWithin(words * 3, words * 2, words * 3)
      },
    ],
    [
      'with another beginning',
      ({ sections }) => {
        const states = int32(sections.states)
        const [a, b] = [states.slice(0, words), states.slice(words, 2 * words)]
        states.set(b, 0)
        states.set(a, words)
      },
    ],
    ['with a state more', ({ meta }) => meta.states++],
    [
      'with more states than there can be',
      ({ meta }) => {
        meta.states = 2 ** 53 - 1
      },
    ],
  ])('%s', (_, change) => {
    expect(refusalOf(() => forged(change))).toContain('is damaged')
  })
})
