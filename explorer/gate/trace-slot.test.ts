import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { TRACED_KERNELS } from '../../model/trace/kernel.ts'
import { type FittedSlice, observableIn, observedLog, watchWith } from '../../model/trace/slice.ts'
import { SlotNotes } from '../../model/trace/slot-notes.ts'
import { slotTable } from '../../model/trace/slot-rows.ts'
import { slotSlice } from '../../model/trace/slot-slice.ts'
import { slotHarness, slotSystem } from '../../model/trace/slot-system.ts'
import { stepsOf } from '../../model/trace/table.ts'
import { logText, logUpTo } from '../../model/trace/testing/logs.ts'
import { effort } from '../testing/effort.ts'
import { follow } from '../trace/index.ts'
import { randomBehaviours } from '../trace/testing/random-behaviour.ts'
import { againstProduct } from './testing/against-product.ts'
import { fitTo, followSlice } from './testing/follow-slice.ts'
import { eventsOf, PRINTED_SLOT } from './testing/print-slot.ts'
import { logged } from './testing/printed.ts'

const designOf = (id: string) => designs.find((design) => design.id === id)
const kernel = TRACED_KERNELS.find(({ version }) => version === '6.12') as (typeof TRACED_KERNELS)[number]
const model = kernels.find(({ id }) => id === '6.12') as (typeof kernels)[number]

/** Up to the first faults after the second publication. */
const DELETED = logUpTo(logText('s06_memslot-2500'), 920)

describe('the slice of one slot', () => {
  it.each([
    ['s06_memslot-2500', 'a slot with 3 frames in use, 2 vCPUs', 444, { fault: 46, 'another slot': 1 }],
    ['s15_nested-npt1', 'a slot with 11 frames in use, 1 vCPUs', 851, { fault: 108, 'PF/no page': 87 }],
    // The TDP MMU: the slot is deleted all the same.
    ['s06_memslot-tdp-450', 'a slot with 0 frames in use, 2 vCPUs', 81, { 'another slot': 1 }],
  ])('follows %s', async (name, about, expected, used) => {
    const text = logText(name)
    expect(fitTo(slotSlice, text).about).toContain(about)
    const { verdict, observations, harness } = await followSlice(slotSlice, text)
    expect(verdict).toEqual({ kind: 'followed' })
    expect(observations).toBe(expected)
    const counts = harness.map(({ harness: { step }, taken }) => [step, taken])
    expect(Object.fromEntries(counts)).toMatchObject(used)
  })

  it('owes no step that the model does not have', () => {
    const system = slotSystem(PRINTED_SLOT, model)
    const found = observableIn(slotTable, system)
    const paths = new Set(system.threads.flatMap(({ flow }) => flow.steps.map(({ path }) => path)))
    const isFound = (step: unknown): boolean => found.some((other) => isDeepStrictEqual(step, other))
    expect(stepsOf(slotTable).filter((step) => !isFound(step))).toEqual([])
    expect(slotHarness.filter(({ step }) => !paths.has(step as string))).toEqual([])
  })

  it.each([
    ['first-grace-period-dropped', 'srcu_exp_ret'],
    ['invalid-phase-dropped', 'srcu_exp'],
    ['slot-zapped-after-the-second-publication', 'swap_memslots'],
    ['guest-memory-read-outside-srcu', 'faultin'],
    ['invalid-slot-is-mmio', 'faultin_ret'],
  ])('rejects %s by s06, at %s', async (id, event) => {
    const { verdict } = await followSlice(slotSlice, DELETED, designOf(id))
    expect(verdict).toMatchObject({ kind: 'rejected', rejection: { observation: { event } } })
  })

  it('refuses a design that changes notifiers only', () => {
    const fitted = fitTo(slotSlice, DELETED)
    expect(() => fitted.system(designOf('flush-after-unlock'))).toThrow('notifiers are not in the slice')
  })
})

/** The slice with the bounds of a printed log. */
function fitted(vcpus: number): FittedSlice {
  const census = { ...PRINTED_SLOT, vcpus }
  const system = slotSystem(census, model)
  return {
    about: 'a printed log',
    observable: observableIn(slotTable, system),
    harness: [],
    system: () => system,
    watch: () => watchWith(slotTable, { notes: new SlotNotes(census) }, { check: () => null }, kernel),
  }
}

const WRONG = [
  'first-grace-period-dropped',
  'guest-memory-read-outside-srcu',
  'slot-zapped-after-the-second-publication',
  'invalid-slot-is-mmio',
]

describe('a random behaviour of the slot, printed as events', () => {
  it('is followed', async () => {
    const slice = fitted(2)
    const printed = randomBehaviours(slice.system(), eventsOf)
    for (let seed = 1; seed <= effort(1, 10); seed++) {
      const events = logged(printed(350, seed))
      expect(events.length).toBeGreaterThan(60)
      const { verdict } = await follow(observedLog(slice, () => events))
      const rejected = verdict.kind === 'rejected' ? verdict.rejection.observation.text : ''
      expect(`seed ${seed}: ${rejected}`).toBe(`seed ${seed}: `)
      expect(verdict.kind).toBe('followed')
    }
  })

  it('of a wrong design is followed exactly if it is one of the kernel, too', async () => {
    const slice = fitted(1)
    const counts = { followed: 0, rejected: 0 }
    for (const id of WRONG.slice(0, effort(1, WRONG.length))) {
      const printed = randomBehaviours(slotSystem(PRINTED_SLOT, model, designOf(id)), eventsOf)
      for (let seed = 1; seed <= effort(2, 4); seed++) {
        const events = logged(printed(110, seed))
        const compared = await againstProduct(slice, events)
        if (compared === null) continue
        expect(compared.verdict, `${id}, seed ${seed}`).toBe(compared.expected)
        counts[compared.expected]++
      }
    }
    expect(counts.rejected).toBeGreaterThanOrEqual(1)
  })
})
