import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { frameTable } from '../../model/trace/frame.ts'
import { frameSlice } from '../../model/trace/frame-slice.ts'
import { frameSystem } from '../../model/trace/frame-system.ts'
import { observableIn } from '../../model/trace/slice.ts'
import { stepsOf } from '../../model/trace/table.ts'
import { logText, logUpTo } from '../../model/trace/testing/logs.ts'
import { fitTo, followSlice } from './testing/follow-slice.ts'

const designOf = (id: string) => designs.find((design) => design.id === id)

describe('the slice of one frame', () => {
  // s08: the host protects pages, so that faults find none. s10: pages are copied, by the host and by the vCPU itself.
  it.each([
    ['s08_mprotect', 'gfn 10001, 2 vCPUs, 1 threads', 251, { fault: 15, 'PF/no page': 10, map: 1 }],
    ['s10_forkcow', 'gfn 4, 1 vCPUs, 2 threads', 229, { fault: 6 }],
    ['s17_race1gfn-3000', 'gfn 10000, 2 vCPUs, 1 threads', 592, { fault: 3 }],
  ])('follows %s', async (name, about, expected, used) => {
    const text = logText(name)
    expect(fitTo(frameSlice(), text).about).toContain(about)
    const { verdict, observations, harness } = await followSlice(frameSlice(), text)
    expect(verdict).toEqual({ kind: 'followed' })
    expect(observations).toBe(expected)
    const counts = harness.map(({ harness: { step }, taken }) => [step, taken])
    expect(Object.fromEntries(counts)).toMatchObject(used)
  })

  it('owes no step that the model does not have', () => {
    const kernel = kernels.find(({ id }) => id === '6.12') as (typeof kernels)[number]
    const system = frameSystem({ gfn: 1, vcpus: 1, notifiers: [7], ends: 1 }, kernel)
    const found = observableIn(frameTable, system)
    expect(
      stepsOf(frameTable).filter((step) => !found.some((other) => isDeepStrictEqual(step, other))),
    ).toEqual([])
  })

  it.each([
    ['retry-test-dropped', 'stale_ret'],
    ['seq-bumped-at-start', 'unmap_gfn_range'],
    ['unmapped-before-the-invalidation-begins', 'unmap_gfn_range'],
    ['flush-after-unlock', 'req_all'],
  ])('rejects %s by s10, at %s', async (id, event) => {
    const { verdict } = await followSlice(frameSlice(), logUpTo(logText('s10_forkcow'), 600), designOf(id))
    expect(verdict).toMatchObject({ kind: 'rejected', rejection: { observation: { event } } })
  })

  it('refuses a design whose steps leave events that it does not know', async () => {
    const fitted = fitTo(frameSlice(), logUpTo(logText('s10_forkcow'), 600))
    expect(() => fitted.system(designOf('retry-test-seq-first'))).toThrow('in place of PF.12 retry')
  })

  it('says of what frame there is nothing to follow', () => {
    const text = logUpTo(logText('s10_forkcow'), 600)
    expect(() => fitTo(frameSlice(0x777), text)).toThrow('no fault of the log is on frame 777')
  })
})
