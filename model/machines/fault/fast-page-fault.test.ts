import { expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import { alloc_shadow_page } from '../../memory/shadow/shadow-page.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { canBeFast } from './fast-page-fault.ts'

const bounds = allBounds({ shadow: { withoutGptes: [0] }, fault: { fast: true } })

/** Where a fault on a root for page directory `gfn` continues after FPF.0; undefined: in the fast path. */
function fault(gfn: number, guest: 'read' | 'write', present: boolean): string | undefined {
  const kvm = emptyKvm(bounds)
  kvm.without_gptes[0] = true
  alloc_shadow_page(kvm, 0, gfn, 1)
  const vcpu = kvm.vcpu[0]
  vcpu.root = 0
  vcpu.guest = guest
  vcpu.fault.present = present
  return takeStep(kvm, [canBeFast()], 'FPF.0')
}

it('only a write fault on a present SPTE is fast, and on a direct root', () => {
  expect(fault(0, 'write', true)).toBeUndefined()
  expect(fault(0, 'write', false)).toBe('FPF.end')
  expect(fault(0, 'read', true)).toBe('FPF.end')
  expect(fault(1, 'write', true)).toBe('FPF.end')
})
