import { type Block, block, inFunction, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { root_slots } from '../../memory/roots/mmu.ts'
import { EXIT, REENTER } from '../hand-over.ts'
import { freeRoots } from '../roots/free-roots.ts'

/** The block that handles a change of CR0. */
export const CR0 = 'CR0'

const since: ReadIn = 'v5.13..v7.2'

/** The guest's kernel changes CR0.WP, for example to write to its own read-only pages. */
export function wpToggle(bounds: Bounds): Step<Kvm>[] {
  if (bounds.guest.wpToggles === 0) return []
  return [
    step(
      'CR0.WP',
      {
        fn: 'guest',
        since: 'guest',
        shows: (kvm, v) => `mov cr0: WP = ${Number(kvm.vcpu[v].cr0_wp_clear)}`,
      },
      {
        when: (kvm, v) => kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].wp_toggles > 0,
        does: (kvm, v) => {
          kvm.vcpu[v].wp_toggles--
          kvm.vcpu[v].cr0_wp_clear = !kvm.vcpu[v].cr0_wp_clear
        },
        to: EXIT.cr0,
      },
    ),
  ]
}

/**
 * `kvm_post_set_cr0()` with shadow paging: `kvm_mmu_reset_context()` drops all roots and computes the role anew. With
 * TDP the role of the roots does not depend on CR0.WP, and they stay.
 */
export function setCr0(bounds: Bounds): Block<Kvm> {
  const fn = 'kvm_post_set_cr0'
  const unload = { fn: 'kvm_mmu_unload', since }
  return block(
    CR0,
    [
      step(
        'CR0.1',
        { ...unload, c: 'kvm_mmu_free_roots(', shows: 'drop all roots' },
        {
          does: (kvm, v) => {
            for (let slot = 0; slot < root_slots(kvm, v); slot++) kvm.vcpu[v].roots_to_free.add(slot)
          },
        },
      ),
      ...inFunction(unload.fn, ...freeRoots(bounds.vcpus)),
      step(
        'INIT.1 cr0',
        {
          fn: 'kvm_init_mmu',
          since,
          c: 'init_kvm_softmmu(',
          shows: (kvm, v) => `root_role.cr0_wp = ${Number(!kvm.vcpu[v].cr0_wp_clear)}`,
        },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].root_role_wp_clear = kvm.vcpu[v].cr0_wp_clear
          },
        },
      ),
      step('CR0.2', { fn, since, c: { none: 'model' }, shows: 'return', quiet: true }, { to: REENTER }),
    ],
    { fn },
  )
}
