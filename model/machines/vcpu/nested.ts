import { type Block, block, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { switch_mmu } from '../../memory/roots/mmu.ts'
import { EXIT, NEW_PGD } from '../hand-over.ts'

/** The block that switches back to L1. */
export const NESTED_EXIT = 'NEST.exit'

/** The block that switches to L2. */
export const NESTED_ENTER = 'NEST.enter'

const since: ReadIn = 'v4.20..v7.2'

/** The frame of L1's page tables; with TDP nothing in KVM depends on it. */
const L1_CR3 = 0

/** VMRUN or VMLAUNCH of L1 with a root of its nested tables, and the exit back to L1. */
export function nestedGuest(bounds: Bounds): Step<Kvm>[] {
  if (bounds.nested.runs === 0) return []
  const run = (pgd: number): Step<Kvm> =>
    step(
      `L2[${pgd}]`,
      { fn: 'guest', since: 'guest', shows: `L1 runs L2 with nested tables at gfn ${pgd}` },
      {
        when: (kvm, v) => kvm.vcpu[v].guest === 'idle' && !kvm.vcpu[v].nested && kvm.vcpu[v].nested_runs > 0,
        does: (kvm, v) => {
          kvm.vcpu[v].nested_runs--
          kvm.vcpu[v].cr3 = pgd
        },
        to: EXIT.vmrun,
      },
    )
  return [
    ...Array.from({ length: bounds.guest.pgds - 1 }, (_, i) => run(i + 1)),
    step(
      'L1',
      { fn: 'guest', since: 'guest', shows: 'an exit of L2 that L1 handles' },
      {
        when: (kvm, v) => kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].nested,
        does: (kvm, v) => {
          kvm.vcpu[v].cr3 = L1_CR3
        },
        to: EXIT.l2,
      },
    ),
  ]
}

/**
 * Switches between L1 and L2: `vcpu->arch.mmu` is pointed at the other context, whose roots are still cached, and
 * kvm_mmu_new_pgd() looks for the wanted one among them.
 */
export function nestedSwitch(): Block<Kvm>[] {
  return [
    switchTo(NESTED_ENTER, 'nested_ept_init_mmu_context', true),
    switchTo(NESTED_EXIT, 'nested_ept_uninit_mmu_context', false),
  ]
}

function switchTo(name: string, fn: string, nested: boolean): Block<Kvm> {
  return block(name, [
    step(
      'NEST.1',
      {
        fn,
        since,
        c: 'vcpu->arch.mmu =',
        shows: `vcpu->arch.mmu = &vcpu->arch.${nested ? 'guest_mmu' : 'root_mmu'}`,
      },
      {
        does: (kvm, v) => {
          switch_mmu(kvm, v)
          kvm.vcpu[v].nested = nested
        },
        to: NEW_PGD,
      },
    ),
  ])
}
