import { expect, it } from 'vitest'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { walkGuestTables } from './page-fault.ts'

const bounds = allBounds({
  guest: { gfns: 2, tables: 1, entries: 1 },
  host: { pfns: 2 },
  memslots: { slots: 1, of: [0, null], deletes: 1 },
})

/** A fault on an address that the table at gfn 0 maps to gfn 1. The slot of gfn 0 is `installed`. */
function faultWith(installed: 'valid' | 'invalid' | 'gone'): [kvm: Kvm, to: string | undefined] {
  const kvm = emptyKvm(bounds)
  kvm.slot_of_gfn[0] = 0
  kvm.slot[0].installed = installed
  kvm.guest_table[0][0].to = 1
  kvm.vcpu[0].guest = 'read'
  return [kvm, takeStep(kvm, [walkGuestTables(bounds)], 'PF.2')]
}

it('a table is read where its memslot is valid', () => {
  const [kvm, to] = faultWith('valid')
  expect(to).toBeUndefined()
  expect(kvm.vcpu[0].fault.gpte[0].to).toBe(1)
})

it.each(['invalid', 'gone'] as const)('the guest gets a #PF if the memslot of a table is %s', (installed) => {
  const [kvm, to] = faultWith(installed)
  expect(to).toBe('RUN.1')
  expect(kvm.vcpu[0].guest).toBe('idle')
})
