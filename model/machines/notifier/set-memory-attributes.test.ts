import { expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { invalidation_of } from '../../memory/notifier/host.ts'
import { rmap_add } from '../../memory/shadow/rmap.ts'
import { alloc_shadow_page } from '../../memory/shadow/shadow-page.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { setMemoryAttributes } from './set-memory-attributes.ts'

const GFN = 1
const bounds = allBounds({ host: { pfns: 3 }, attributes: { changes: 2, of: [GFN] } })
const { entries } = setMemoryAttributes(bounds)

function begun(): Kvm {
  const kvm = emptyKvm(bounds)
  kvm.attributes[0].left = 1
  kvm.attributes[0].gfn = GFN
  return kvm
}

const take = (kvm: Kvm, ...names: string[]): void => {
  for (const name of names) takeStep(kvm, entries, name)
}

it('zaps what is mapped in an invalidation that covers the frame, and owes a flush', () => {
  const kvm = begun()
  alloc_shadow_page(kvm, 0, 0, 1)
  const spte = kvm.page[0].spte[0]
  spte.kind = 'leaf'
  spte.gfn = GFN
  spte.pfn = GFN
  rmap_add(kvm, GFN, { page: 0, index: 0 })
  take(kvm, 'SA.2 lock', 'SA.2', 'SA.3')
  expect(invalidation_of(kvm, GFN)).toBe(true)
  take(kvm, 'SA.4')
  expect(spte.kind).toBe('none')
  expect(kvm.attributes[0].flush).toBe(true)
})

it('stores the attribute without mmu_lock, inside the invalidation', () => {
  const kvm = begun()
  take(kvm, 'SA.2 lock', 'SA.2', 'SA.3', 'SA.6', 'SA.7')
  expect(kvm.mem_attr_array.has(GFN)).toBe(true)
  expect(kvm.mmu_lock).toBe('free')
  expect(invalidation_of(kvm, GFN)).toBe(true)
})

it('ends the invalidation with another sequence count', () => {
  const kvm = begun()
  take(kvm, 'SA.2 lock', 'SA.2', 'SA.3', 'SA.6', 'SA.8 lock', 'SA.8 seq', 'SA.8 count', 'SA.9')
  expect(invalidation_of(kvm, GFN)).toBe(false)
  expect(kvm.mmu_invalidate.seq).toBe(1)
})

it('makes a private frame shared again', () => {
  const kvm = begun()
  take(kvm, 'SA.7', 'SA.7')
  expect(kvm.mem_attr_array.has(GFN)).toBe(false)
})
