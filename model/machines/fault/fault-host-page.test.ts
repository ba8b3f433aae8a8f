import { expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { REENTER } from '../hand-over.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { emulateReadOnly, faultinPfn } from './fault-host-page.ts'

const bounds = allBounds({ guest: { gfns: 3 }, host: { pfns: 3 }, memslots: { readOnly: [1] } })

function faultOn(gfn: number, access: 'read' | 'write'): Kvm {
  const kvm = emptyKvm(bounds)
  kvm.host_pte[gfn] = gfn
  kvm.vcpu[0].guest = access
  kvm.vcpu[0].fault.gpte[0].to = gfn
  takeStep(kvm, [faultinPfn(bounds)], 'PF.9')
  return kvm
}

it('a write to a read-only memslot gets no page, and the emulator ends the instruction', () => {
  const kvm = faultOn(1, 'write')
  expect(kvm.vcpu[0].fault.pfn).toBeNull()
  expect(takeStep(kvm, [emulateReadOnly(bounds)], 'PF.9 error')).toBe(REENTER)
  expect(kvm.vcpu[0].guest).toBe('idle')
})

it.each([
  { gfn: 1, access: 'read' },
  { gfn: 2, access: 'write' },
] as const)('a $access of gfn $gfn gets its page', ({ gfn, access }) => {
  const kvm = faultOn(gfn, access)
  expect(kvm.vcpu[0].fault.pfn).toBe(gfn)
  expect(takeStep(kvm, [emulateReadOnly(bounds)], 'PF.9 error')).toBeUndefined()
})
