import { expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { alloc_shadow_page } from '../../memory/shadow/shadow-page.ts'
import { EXIT } from '../hand-over.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { cr3Loads } from '../vcpu/guest.ts'
import { newPgd, reloadCr3 } from './new-pgd.ts'

const bounds = allBounds({
  shadow: { pages: 4 },
  guest: { gfns: 5, tables: 4, pgds: 4, cr3Loads: 1 },
  host: { pfns: 5 },
  roots: { prev: 3 },
})

const edits = allBounds({
  shadow: { pages: 1 },
  guest: { gfns: 3, tables: 2, pgds: 2, cr3Loads: 1, edits: [{ gva: 0, index: 0, to: 2, w: true }] },
  host: { pfns: 3 },
  roots: { prev: 1 },
})

/** Page `p` shadows page directory `p`; they are in the root slots as given, and the guest loads `cr3`. */
function load(cr3: number, root: number | null, ...prev: (number | null)[]): (number | null)[] {
  const kvm: Kvm = emptyKvm(bounds)
  for (let page = 0; page < 4; page++) alloc_shadow_page(kvm, page, page, 1)
  const vcpu = kvm.vcpu[0]
  vcpu.root = root
  for (let i = 0; i < prev.length; i++) vcpu.prev_roots[i] = prev[i]
  vcpu.cr3 = cr3
  let at: string | undefined = 'NP.2'
  while (at !== 'RUN.1' && at !== 'NP.4')
    at = takeStep(kvm, [newPgd(bounds)], at) ?? (at === 'NP.2' ? 'NP.3' : 'NP.4')
  return [vcpu.root, ...vcpu.prev_roots]
}

it('a current root is kept, and moves to the previous roots', () => {
  expect(load(1, 0, 1, 2, 3)).toEqual([1, 0, 2, 3])
  expect(load(2, 0, 1, 2, 3)).toEqual([2, 0, 1, 3])
})

it('without a current root the cache loses the root that is used, and no empty slot moves into it', () => {
  expect(load(1, null, 1, 2, 3)).toEqual([1, 2, 3, null])
  expect(load(2, null, 1, 2, 3)).toEqual([2, 1, 3, null])
  expect(load(3, null, 1, 2, 0)).toEqual([null, 1, 2, 0])
})

it('a load of the same value searches no cache, and asks for a sync and a flush', () => {
  const kvm = emptyKvm(edits)
  alloc_shadow_page(kvm, 0, 1, 1)
  const vcpu = kvm.vcpu[0]
  vcpu.cr3 = 1
  // Its own root was dropped; another one of the same page directory is cached.
  vcpu.prev_roots[0] = 0
  takeStep(kvm, [reloadCr3()], 'NP.0')
  expect(takeStep(kvm, [reloadCr3()], 'NP.same')).toBe('RUN.1')
  expect([vcpu.root, vcpu.prev_roots[0]]).toEqual([null, 0])
  expect([vcpu.requests.has('MMU_SYNC'), vcpu.requests.has('TLB_FLUSH')]).toEqual([true, true])
  const same = cr3Loads(edits).find(({ name }) => name === 'CR3[1]')
  vcpu.cr3_loads = 1
  expect(takeStep(kvm, same === undefined ? [] : [same], 'CR3[1]')).toBe(EXIT.sameCr3)
})
