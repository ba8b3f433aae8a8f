import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { TRACED_KERNELS } from '../../model/trace/kernel.ts'
import { PtNotes } from '../../model/trace/pt-notes.ts'
import { ptTable } from '../../model/trace/pt-rows.ts'
import { ptSlice } from '../../model/trace/pt-slice.ts'
import { ptHarness, ptSystem } from '../../model/trace/pt-system.ts'
import { LogRules } from '../../model/trace/rules.ts'
import { type FittedSlice, observableIn, observedLog, watchWith } from '../../model/trace/slice.ts'
import { stepsOf } from '../../model/trace/table.ts'
import { logText, logUpTo } from '../../model/trace/testing/logs.ts'
import { effort } from '../testing/effort.ts'
import { follow } from '../trace/index.ts'
import { randomBehaviours } from '../trace/testing/random-behaviour.ts'
import { againstProduct } from './testing/against-product.ts'
import { fitTo, followSlice } from './testing/follow-slice.ts'
import { eventsOf, PRINTED_TABLE, rootIsBuilt } from './testing/print-table.ts'
import { logged } from './testing/printed.ts'

/** Up to the first two syncs of the table. */
const BEGIN = logUpTo(logText('s03_ptesync'), 720)

const designOf = (id: string) => designs.find((design) => design.id === id)
const model = kernels.find(({ id }) => id === '6.12') as (typeof kernels)[number]
const kernel = TRACED_KERNELS.find(({ version }) => version === '6.12') as (typeof TRACED_KERNELS)[number]

/** What is followed, and some of the steps of the harness that it takes. */
const LOGS: readonly [string, string, number, Record<string, number>][] = [
  ['s03_ptesync', 'table 13, entry 0, 1 vCPUs', 312, { 'write to the table': 3, invlpg: 2, unlinked: 2 }],
  // Two vCPUs use the table.
  ['s04_2vcpu_unsync-1000', 'table 13, entry 0, 2 vCPUs', 215, { 'write to the table': 3, invlpg: 7 }],
  // A page for the other CR0.WP write-protects the table.
  ['s16_roles', 'table 13, entry 2, 1 vCPUs', 141, { 'table protected for good': 1 }],
  // L1 writes the tables of L2, whose pages are unsync until the next VMRUN.
  ['s15_nested-npt1', 'table 64, entry 1, 1 vCPUs', 799, { 'write to the table': 11, zapped: 1, flushed: 2 }],
]

describe('the slice of one table', () => {
  it.each(LOGS.slice(0, effort(3, 4)))('follows %s', async (name, about, expected, used) => {
    const text = logText(name)
    expect(fitTo(ptSlice(), text).about).toContain(about)
    const { verdict, observations, harness } = await followSlice(ptSlice(), text)
    expect(verdict).toEqual({ kind: 'followed' })
    expect(observations).toBe(expected)
    const counts = harness.map(({ harness: { step }, taken }) => [step, taken])
    expect(Object.fromEntries(counts)).toMatchObject(used)
  })

  it('owes no step that the model does not have', () => {
    const system = ptSystem(PRINTED_TABLE, model)
    const steps = [...stepsOf(ptTable), ...ptHarness]
    const found = observableIn(ptTable, system)
    const paths = new Set(system.threads.flatMap(({ flow }) => flow.steps.map(({ path }) => path)))
    expect(stepsOf(ptTable).filter((step) => !found.some((other) => isDeepStrictEqual(step, other)))).toEqual(
      [],
    )
    expect(steps.filter(({ step }) => typeof step === 'string' && !paths.has(step))).toEqual([])
  })

  it.each([
    ['writable-before-unsync', 'try_unsync_ret'],
    ['unsync-mark-stops-at-the-page', 'req_all'],
    ['synced-before-protected', 'req_all'],
    ['tracked-table-goes-unsync', 'kvm_mmu_unsync_page'],
  ])('rejects %s by s03, at %s', async (id, event) => {
    const { verdict } = await followSlice(ptSlice(), BEGIN, designOf(id))
    expect(verdict).toMatchObject({ kind: 'rejected', rejection: { observation: { event } } })
  })

  it('says that a log has no page table', () => {
    const text = logUpTo(logText('s15_nested-npt1'), 200)
    expect(() => fitTo(ptSlice(), text)).toThrow('no shadow page of a page table')
    expect(() => fitTo(ptSlice(0x777), text)).toThrow('frame 777 is no page table')
  })
})

/** The slice with the bounds of a printed log. */
function fitted(vcpus: number): FittedSlice {
  const census = { ...PRINTED_TABLE, vcpus }
  const system = ptSystem(census, model)
  return {
    about: 'a printed log',
    observable: observableIn(ptTable, system),
    harness: [],
    system: () => system,
    watch: () =>
      watchWith(ptTable, { notes: new PtNotes(kernel, census) }, new LogRules(kernel, vcpus), kernel),
  }
}

const WRONG = [
  'writable-before-unsync',
  'synced-before-protected',
  'table-not-write-protected',
  'sync-flush-deferred',
]

/** What the vCPU does, while nothing else changes an SPTE. */
const alone: typeof eventsOf = (taken) =>
  taken.kind === 'vcpu' || taken.path === 'mark cleared' ? eventsOf(taken) : null

describe('a random behaviour of the table, printed as events', () => {
  it('is followed', async () => {
    const slice = fitted(2)
    const printed = randomBehaviours(slice.system(), eventsOf)
    for (let seed = 1; seed <= effort(1, 8); seed++) {
      const events = logged([...rootIsBuilt(2), ...printed(700, seed)])
      expect(events.length).toBeGreaterThan(100)
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
      const printed = randomBehaviours(ptSystem(PRINTED_TABLE, model, designOf(id)), alone)
      for (let seed = 1; seed <= effort(1, 5); seed++) {
        const events = logged([...rootIsBuilt(1), ...printed(260, seed)])
        const compared = await againstProduct(slice, events)
        if (compared === null) continue
        expect(compared.verdict, `${id}, seed ${seed}`).toBe(compared.expected)
        counts[compared.expected]++
      }
    }
    expect(counts.followed).toBeGreaterThanOrEqual(effort(0, 1))
    expect(counts.rejected).toBeGreaterThanOrEqual(1)
  })
})
