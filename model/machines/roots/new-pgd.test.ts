import { expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { alloc_shadow_page } from '../../memory/shadow/shadow-page.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { newPgd } from './new-pgd.ts'

const bounds = allBounds({
  shadow: { pages: 4 },
  guest: { gfns: 5, tables: 4, pgds: 4, cr3Loads: 1 },
  host: { pfns: 5 },
  roots: { prev: 3 },
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
