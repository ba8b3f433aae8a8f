import { choice, type Program, program, step } from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'

/**
 * EXT: host userspace, a device or another VM that shares the memory writes to a guest page table. No SPTE of this
 * VM is involved, so write protection does not help and KVM does not notice.
 */
export function externalWriter(bounds: Bounds): Program<Kvm> {
  return program<Kvm>('external', 'writes to guest memory that KVM does not see', [
    choice(
      'idle',
      bounds.externalWriter.stores.map(({ table, index, to, huge }, number) =>
        step<Kvm>(
          `EXT[${number}]`,
          {
            fn: 'host userspace',
            since: 'host userspace',
            shows: `guest table ${table}[${index}] = ${to === null ? 'not present' : `gfn ${to}`}${huge ? ', huge page' : ''}`,
          },
          {
            when: (kvm) => kvm.external[0].left > 0,
            does: (kvm) => {
              kvm.external[0].left--
              const entry = kvm.guest_table[table][index]
              entry.to = to
              entry.huge = huge
            },
            to: 'idle',
          },
        ),
      ),
      { validEnd: true },
    ),
  ])
}
