import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { TRACED_KERNELS } from '../../model/trace/kernel.ts'
import { rootsTable } from '../../model/trace/roots.ts'
import type { RootsCensus } from '../../model/trace/roots-census.ts'
import { RootsNotes } from '../../model/trace/roots-notes.ts'
import { rootsSystem } from '../../model/trace/roots-system.ts'
import { LogRules } from '../../model/trace/rules.ts'
import { type FittedSlice, observableIn, observedLog, watchWith } from '../../model/trace/slice.ts'
import { effort } from '../testing/effort.ts'
import { follow } from '../trace/index.ts'
import { randomBehaviours } from '../trace/testing/random-behaviour.ts'
import { againstProduct } from './testing/against-product.ts'
import { eventsOf, INVALIDATION, PGDS } from './testing/print-roots.ts'
import { logged, printedBy } from './testing/printed.ts'

const two: RootsCensus = {
  pgds: PGDS,
  vcpuOf: new Map([
    [500, 0],
    [501, 1],
  ]),
  cr3: [0, 0],
  pages: 4,
  wpToggles: false,
  direct: false,
  nested: false,
}
const one: RootsCensus = { ...two, vcpuOf: new Map([[500, 0]]), cr3: [0], pages: 3 }
const modelOf = (version: string) => kernels.find(({ id }) => id === version) as (typeof kernels)[number]
const tableOf = (version: string) =>
  TRACED_KERNELS.find((kernel) => kernel.version === version) as (typeof TRACED_KERNELS)[number]
const model = modelOf('6.12')

/** The last one changes an order that no single event shows, but some behaviours do. */
const WRONG = [
  'prev-roots-tested-by-current',
  'reload-all-roots-marked-first',
  'obsolete-test-ignores-invalid',
  'commit-without-flush',
  'request-before-invalid',
]

/** The slice with the bounds of a census, whatever is in a log. */
const fitted = (census: RootsCensus, version = '6.12'): FittedSlice => {
  const system = rootsSystem(census, modelOf(version))
  const kernel = tableOf(version)
  return {
    about: 'two root tables',
    observable: observableIn(rootsTable, system),
    harness: [],
    system: () => system,
    watch: () =>
      watchWith(
        rootsTable,
        { notes: new RootsNotes(kernel, census), census, kernel },
        new LogRules(kernel, census.cr3.length),
        kernel,
      ),
  }
}

describe('a random behaviour of the roots, printed as events', () => {
  // 7.2 is the newest kernel, which the model is of.
  it.each([
    ['6.12', 6],
    ['6.1', 2],
    ['7.2', 2],
  ])('of %s is followed', async (version, seeds) => {
    const slice = fitted(two, version)
    const printed = randomBehaviours(slice.system(), eventsOf)
    for (let seed = 1; seed <= effort(Math.ceil(seeds / 3), seeds * 2); seed++) {
      const events = logged(printedBy(tableOf(version), [INVALIDATION, ...printed(1000, seed)]))
      expect(events.length).toBeGreaterThan(300)
      const { verdict } = await follow(observedLog(slice, () => events))
      expect(
        verdict,
        `seed ${seed}: ${verdict.kind === 'rejected' ? verdict.rejection.observation.text : ''}`,
      ).toEqual({ kind: 'followed' })
    }
  })

  it('of a wrong design is followed exactly if it is one of the kernel, too', async () => {
    const slice = fitted(one)
    const counts = { followed: 0, rejected: 0 }
    for (const id of WRONG) {
      const design = designs.find((d) => d.id === id)
      const printed = randomBehaviours(rootsSystem(one, model, design), eventsOf)
      for (let seed = 1; seed <= effort(2, 6); seed++) {
        const events = logged([INVALIDATION, ...printed(260, seed)])
        const compared = await againstProduct(slice, events)
        if (compared === null) continue
        expect(compared.verdict, `${id}, seed ${seed}`).toBe(compared.expected)
        counts[compared.expected]++
      }
    }
    expect(counts.followed).toBeGreaterThanOrEqual(effort(1, 8))
    expect(counts.rejected).toBeGreaterThanOrEqual(effort(3, 15))
  })
})
