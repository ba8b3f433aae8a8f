import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { rootsTable } from '../../model/trace/roots.ts'
import { rootsSlice } from '../../model/trace/roots-slice.ts'
import { rootsSystem } from '../../model/trace/roots-system.ts'
import { observableIn } from '../../model/trace/slice.ts'
import { stepsOf } from '../../model/trace/table.ts'
import { logText, logUpTo } from '../../model/trace/testing/logs.ts'
import { followSlice } from './testing/follow-slice.ts'

/** Up to the end of the first zap of a root page, which one vCPU uses and both have cached. */
const FIRST_ZAP = logUpTo(logText('s12_rootzap'), 720)

describe('the roots slice', () => {
  it.each([
    ['s01_touch', 129, { 'exit: other': 13, 'fault below': 12, 'PF/retry of a notifier': 0, lock: 10 }],
    ['s02_cr3', 261, { 'exit: other': 14, 'fault below': 20, 'PF/retry of a notifier': 0, lock: 2 }],
    ['s03_ptesync', 324, { 'exit: other': 33, 'fault below': 29, 'PF/retry of a notifier': 0, lock: 18 }],
    // All pages are zapped, for a memslot that is deleted.
    ['s06_memslot-2500', 460, { 'exit: other': 36, 'fault below': 55, 'PF/retry of a notifier': 0, lock: 2 }],
    // The guest changes CR0.WP, which drops all roots.
    ['s16_roles', 165, { 'exit: other': 10, 'fault below': 15, 'PF/retry of a notifier': 0, lock: 8 }],
    // L1 runs L2: two MMUs for each vCPU.
    [
      's15_nested-npt1',
      807,
      { 'exit: other': 131, 'fault below': 55, 'PF/retry of a notifier': 0, lock: 25 },
    ],
    ['s12_rootzap', 490, { 'exit: other': 55, 'fault below': 16, 'PF/retry of a notifier': 0, lock: 6 }],
  ])('follows %s', async (name, expected, used) => {
    const { verdict, candidates, observations, harness } = await followSlice(rootsSlice, logText(name))
    expect(verdict).toEqual({ kind: 'followed' })
    expect(observations).toBe(expected)
    expect(candidates.largest).toBeLessThan(4_000)
    expect(Object.fromEntries(harness.map(({ harness: { step }, taken }) => [step, taken]))).toEqual(used)
  })

  it('owes no step that the model does not have', () => {
    const kernel = kernels.find(({ id }) => id === '6.12') as (typeof kernels)[number]
    const alone = {
      pgds: [16, 17],
      vcpuOf: new Map<number, number>(),
      cr3: [0, 0],
      pages: 2,
      wpToggles: true,
      direct: false,
      nested: false,
    }
    const systems = [alone, { ...alone, direct: true, nested: true }].map((c) => rootsSystem(c, kernel))
    const found = new Set(systems.flatMap((system) => observableIn(rootsTable, system)))
    expect(
      stepsOf(rootsTable).filter((step) => ![...found].some((other) => isDeepStrictEqual(step, other))),
    ).toEqual([])
  })

  it.each([
    ['prev-roots-tested-by-current', 's12_rootzap', 'free_roots'],
    ['reload-all-roots', 's12_rootzap', 'free_roots'],
    ['reload-all-roots-marked-first', 's12_rootzap', 'free_roots'],
    ['request-before-invalid-tested-under-lock', 's12_rootzap', 'free_roots'],
    ['obsolete-test-ignores-invalid', 's12_rootzap', 'free_roots'],
    ['bit-cleared-after-handling', 's12_rootzap', 'free_obsolete_roots'],
    ['request-after-unlock', 's12_rootzap', 'req_all'],
    ['commit-without-flush', 's12_rootzap', 'req_all'],
    ['early-return-with-lock-held', 's12_rootzap', 'free_roots'],
    ['entry-without-final-check', 's02_cr3', 'vcpu_run'],
    ['evicted-root-not-put', 's02_cr3', 'get_sp'],
    ['A9', 's06_memslot-2500', 'wlock_acq'],
  ])('rejects %s by %s, at %s', async (id, log, event) => {
    const design = designs.find((d) => d.id === id || d.aliases.includes(id))
    const text = log === 's12_rootzap' ? FIRST_ZAP : logText(log)
    const { verdict } = await followSlice(rootsSlice, text, design)
    expect(verdict).toMatchObject({ kind: 'rejected', rejection: { observation: { event } } })
  })

  it('follows with a design that no log can tell from the kernel', async () => {
    const design = designs.find((d) => d.id === 'request-before-invalid')
    const { verdict } = await followSlice(rootsSlice, FIRST_ZAP, design)
    expect(verdict).toEqual({ kind: 'followed' })
  })
})
