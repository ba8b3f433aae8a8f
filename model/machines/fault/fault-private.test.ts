import { describe, expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { REENTER } from '../hand-over.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { faultinPfn, retryTest, snapshotSeq } from './fault-host-page.ts'
import { comparePrivate, readPrivate } from './fault-private.ts'

const GFN = 1
const PRIVATE = 2
const bounds = allBounds({ host: { pfns: 3 }, attributes: { changes: 2, of: [GFN] } })

function faultOn(attribute: 'shared' | 'private'): Kvm {
  const kvm = emptyKvm(bounds)
  kvm.host_pte[GFN] = GFN
  kvm.vcpu[0].fault.gpte[0].to = GFN
  if (attribute === 'private') kvm.mem_attr_array.add(GFN)
  takeStep(kvm, [readPrivate()], 'PF.2 private')
  takeStep(kvm, snapshotSeq(bounds), 'PF.7')
  return kvm
}

describe('a page fault', () => {
  it.each([
    { attribute: 'shared', pfn: GFN },
    { attribute: 'private', pfn: PRIVATE },
  ] as const)('on a $attribute frame maps host page $pfn', ({ attribute, pfn }) => {
    const kvm = faultOn(attribute)
    expect(takeStep(kvm, [comparePrivate()], 'PF.7 private')).toBeUndefined()
    takeStep(kvm, [faultinPfn(bounds)], 'PF.9')
    expect(kvm.vcpu[0].fault.pfn).toBe(pfn)
  })

  it('goes to userspace if the attribute is another one after the snapshot, and forgets what it read', () => {
    const kvm = faultOn('private')
    kvm.mem_attr_array.delete(GFN)
    expect(takeStep(kvm, [comparePrivate()], 'PF.7 private')).toBe(REENTER)
    expect(kvm.vcpu[0].fault).toMatchObject({ is_private: false, mmu_seq: 0 })
  })

  it('is retried if a change has ended since the snapshot', () => {
    const kvm = faultOn('shared')
    expect(takeStep(kvm, [retryTest()], 'PF.12 retry')).toBeUndefined()
    kvm.mmu_invalidate.seq++
    expect(takeStep(kvm, [retryTest()], 'PF.12 retry')).toBeDefined()
  })
})

it('without notifiers and attribute changes there is no snapshot', () => {
  expect(snapshotSeq(allBounds({}))).toEqual([])
})
