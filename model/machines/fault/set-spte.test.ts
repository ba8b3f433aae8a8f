import { expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_add } from '../../memory/shadow/rmap.ts'
import { alloc_shadow_page } from '../../memory/shadow/shadow-page.ts'
import { account_shadowed } from '../../memory/shadow/write-tracking.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { setSpte } from './set-spte.ts'

const bounds = allBounds({
  shadow: { levels: 2 },
  guest: { gfns: 4, edits: [{ gva: 0, index: 0, to: 2, w: true }], tables: 1, entries: 1 },
  host: { pfns: 4 },
})

const take = (kvm: Kvm, name: string): string | undefined => takeStep(kvm, setSpte(bounds), name)

/** Page 0 maps page 1 for frame 1, writable. A write fault on frame `gfn` has found page `pfn`. */
function faultOn(gfn: number, pfn: number): Kvm {
  const kvm = emptyKvm(bounds)
  alloc_shadow_page(kvm, 0, 3, 1)
  const { fault } = kvm.vcpu[0]
  Object.assign(kvm.page[0].spte[0], { kind: 'leaf', pfn: 1, gfn: 1, w: true, mmuw: true })
  rmap_add(kvm, 1, { page: 0, index: 0 })
  kvm.vcpu[0].guest = 'write'
  Object.assign(fault, { sp: 0, pfn, level: 2 })
  for (const entry of fault.gpte) entry.w = true
  fault.gpte[0].to = gfn
  return kvm
}

it('the flush for another page comes after the new SPTE is stored', () => {
  const kvm = faultOn(2, 2)
  take(kvm, 'SET.2 test')
  expect(kvm.page[0].spte[0].kind).toBe('none')
  expect(kvm.rmap[1][0].isEmpty()).toBe(true)
  take(kvm, 'SET.4')
  expect(kvm.page[0].spte[0]).toMatchObject({ kind: 'leaf', pfn: 2, gfn: 2 })
  expect(take(kvm, 'SET.5 test')).toBeUndefined()
  take(kvm, 'SET.6')
  expect(kvm.rmap[2][0].has(0)).toBe(true)
})

it('an SPTE of the same page stays under the frame that it was mapped for', () => {
  const kvm = faultOn(2, 1)
  take(kvm, 'SET.2 test')
  take(kvm, 'SET.4')
  expect(kvm.page[0].spte[0]).toMatchObject({ kind: 'leaf', pfn: 1, gfn: 1 })
  expect(take(kvm, 'SET.5 test')).toBe('SET.6')
  take(kvm, 'SET.6')
  expect(kvm.rmap[1][0].has(0)).toBe(true)
  expect(kvm.rmap[2][0].isEmpty()).toBe(true)
})

it('a write-tracked frame stays read-only, even if its only page is obsolete', () => {
  const kvm = faultOn(0, 2)
  alloc_shadow_page(kvm, 1, 0, 2)
  account_shadowed(kvm, 1)
  kvm.mmu_valid_gen = 1
  expect(take(kvm, 'UN.1')).toBe('SET.4')
  expect(kvm.vcpu[0].fault.emulate).toBe(true)
})

it('a frame in a read-only memslot is mapped read-only, although the guest may write to it', () => {
  const kvm = faultOn(2, 2)
  const steps = setSpte({ ...bounds, memslots: { ...bounds.memslots, readOnly: [2] } })
  takeStep(kvm, steps, 'SET.2 test')
  takeStep(kvm, steps, 'SET.4')
  expect(kvm.page[0].spte[0]).toMatchObject({ kind: 'leaf', pfn: 2, gfn: 2, w: false, mmuw: false })
})
