import { expect, it } from 'vitest'
import type { Property } from '../../model/language/property.ts'
import type { Counters, System } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { FLOODING } from '../../model/memory/shadow/fields.ts'
import { guestPteWriteScenarios } from '../../model/scenarios/shadow/guest-pte-writes.ts'
import { breadthFirst } from '../search/breadth-first.ts'

const flooding = guestPteWriteScenarios.find(({ id }) => id === 'write-flooding')

/** Where the threads are, and what is then true of a page's count of stores. */
const claims: readonly [string, number, string, (kvm: Kvm) => boolean][] = [
  [
    'zapped at the last store',
    1,
    'TRACK/TR.6 flood/ZAP.2',
    (kvm) => kvm.page[kvm.vcpu[1].fault.sp as number].write_flooding_count === FLOODING,
  ],
  [
    'cleared by a fault that walks it',
    0,
    'PF/FETCH/GET.1/GET.1 test',
    (kvm) => kvm.page[kvm.vcpu[0].root as number].write_flooding_count === 0,
  ],
  [
    'kept by stores without a walk in between',
    1,
    'TRACK/TR.6 flood/TR.6 next',
    (kvm) => kvm.page[0].write_flooding_count < 2,
  ],
]

it('stores to a table are counted, and forgotten when its page is used', () => {
  const properties = claims.map(
    ([id, vcpu, path, holds]): Property<Kvm> => ({
      kind: 'invariant',
      id,
      title: id,
      given: (_kvm, at: Counters) => at.vcpu[vcpu] === path,
      holds,
    }),
  )
  const { properties: results } = breadthFirst(flooding?.build() as System<Kvm>, properties)
  expect(results.map(({ antecedent }) => antecedent > 0)).toEqual([true, true, true])
  expect(results.map(({ verdict }) => verdict)).toEqual(['holds', 'holds', 'violated'])
})
