import { choice, type Entry, type Step, step } from '../language/program.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'

const guestCode = { fn: 'guest', since: 'x86' }
const hardware = { fn: 'hardware page walk', since: 'x86' }

/**
 * RUN.9: guest code and the hardware page walker, while the CPU is in guest mode. Shadow page tables have
 * one level here, so the walk is one read of the root's SPTE; nothing can come between.
 */
export function guest(bounds: Bounds): Entry<Kvm>[] {
  const running = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].guest === 'access'
  const hit = (kvm: Kvm, v: number): boolean =>
    kvm.vcpu[v].tlb !== null && kvm.vcpu[v].tlb === kvm.vcpu[v].root
  const mapped = (kvm: Kvm, v: number): boolean => kvm.page[kvm.vcpu[v].root as number].spte
  return [
    choice('RUN.9', [
      step(
        'interrupt',
        { fn: 'vcpu_enter_guest', since: 'x86', shows: 'VM-exit: external interrupt (IPI)' },
        { when: (kvm, v) => kvm.vcpu[v].ipi, to: 'exit: interrupt' },
      ),
      step(
        'access',
        { ...guestCode, shows: 'access the data page' },
        {
          when: (kvm, v) => kvm.vcpu[v].guest === 'idle',
          does: (kvm, v) => {
            kvm.vcpu[v].guest = 'access'
          },
          to: 'RUN.9',
        },
      ),
      step(
        'HW.1',
        { ...hardware, shows: (kvm, v) => `TLB hit below root ${kvm.vcpu[v].root}` },
        {
          when: (kvm, v) => running(kvm, v) && hit(kvm, v),
          does: (kvm, v) => {
            kvm.vcpu[v].guest = 'idle'
          },
          to: 'RUN.9',
        },
      ),
      step(
        'HW.3',
        { ...hardware, shows: (kvm, v) => `walk below root ${kvm.vcpu[v].root}: present, fill TLB` },
        {
          when: (kvm, v) => running(kvm, v) && !hit(kvm, v) && mapped(kvm, v),
          does: (kvm, v) => {
            kvm.vcpu[v].tlb = kvm.vcpu[v].root
            kvm.vcpu[v].guest = 'idle'
          },
          to: 'RUN.9',
        },
      ),
      step(
        'HW.3 fault',
        { ...hardware, shows: (kvm, v) => `walk below root ${kvm.vcpu[v].root}: not present, #PF exit` },
        { when: (kvm, v) => running(kvm, v) && !hit(kvm, v) && !mapped(kvm, v), to: 'exit: page fault' },
      ),
      ...cr3Loads(bounds),
    ]),
  ]
}

/** MOV to CR3 exits; the guest chooses any other page directory. */
function cr3Loads(bounds: Bounds): Step<Kvm>[] {
  if (bounds.cr3Loads === 0 || bounds.pgds < 2) return []
  return Array.from({ length: bounds.pgds }, (_, pgd) =>
    step<Kvm>(
      `CR3[${pgd}]`,
      { ...guestCode, shows: `mov cr3, pgd ${pgd}` },
      {
        when: (kvm, v) =>
          kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].cr3_loads > 0 && kvm.vcpu[v].cr3 !== pgd,
        does: (kvm, v) => {
          kvm.vcpu[v].cr3_loads--
          kvm.vcpu[v].cr3 = pgd
        },
        to: 'exit: CR3',
      },
    ),
  )
}
