import { type Block, block, inFunction, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { root_role, root_slots } from '../../memory/roots/mmu.ts'
import { EXIT, REENTER } from '../hand-over.ts'
import { freeRoots } from '../roots/free-roots.ts'

/** The block that handles a change of CR4. */
export const CR4 = 'CR4'

export const since: ReadIn = 'v5.1..v7.2'

/** A 32-bit guest changes CR4.PAE, and with it the format of its page tables. */
export function paeToggle(bounds: Bounds): Step<Kvm>[] {
  if (bounds.guest.paeToggles === 0) return []
  return [
    step(
      'CR4.PAE',
      { fn: 'guest', since: 'guest', shows: (kvm, v) => `mov cr4: PAE = ${!kvm.vcpu[v].cr4_pae}` },
      {
        when: (kvm, v) => kvm.vcpu[v].guest === 'idle' && !kvm.vcpu[v].nested && kvm.vcpu[v].pae_toggles > 0,
        does: (kvm, v) => {
          kvm.vcpu[v].pae_toggles--
          kvm.vcpu[v].cr4_pae = !kvm.vcpu[v].cr4_pae
        },
        to: EXIT.cr4,
      },
    ),
  ]
}

/** `kvm_mmu_reset_context()`: drops all roots and sets up the context for the new mode. */
export function setCr4(bounds: Bounds): Block<Kvm> {
  const fn = 'kvm_post_set_cr4'
  const unload = { fn: 'kvm_mmu_unload', since }
  return block(
    CR4,
    [
      step(
        'CR4.1',
        { ...unload, c: 'kvm_mmu_free_roots(', shows: 'drop all roots of both MMUs' },
        {
          does: (kvm, v) => {
            for (let slot = 0; slot < root_slots(kvm, v); slot++) kvm.vcpu[v].roots_to_free.add(slot)
          },
        },
      ),
      ...inFunction(unload.fn, ...freeRoots(bounds.vcpus)),
      initMmu(),
      step('CR4.2', { fn, since, c: { none: 'model' }, shows: 'return', quiet: true }, { to: REENTER }),
    ],
    { fn },
  )
}

/** The parts of a context's role in which designs differ. They depend on CR4.PAE only. */
export interface RoleRule {
  /** The gPTE size in the role of the pages that the context builds. */
  readonly page: (pae: boolean, direct: boolean) => boolean
  /** CR4.PAE in the part that is only compared, to decide whether the context must be set up again. */
  readonly context: (pae: boolean) => boolean
  /** Set up the context again in any case. */
  readonly always?: boolean
}

/** Direct pages do not depend on the size of guest entries; the context always does. */
const upstream: RoleRule = { page: (pae, direct) => !direct && pae, context: (pae) => pae }

/** `kvm_init_mmu()`: sets up the context of root_mmu, unless its role is unchanged. */
export function initMmu(rule: RoleRule = upstream): Step<Kvm> {
  const wanted = (kvm: Kvm, v: number): { page: boolean; context: boolean } => {
    const { cr4_pae } = kvm.vcpu[v]
    return { page: rule.page(cr4_pae, root_role(kvm, v).direct), context: rule.context(cr4_pae) }
  }
  const same = (kvm: Kvm, v: number): boolean => {
    const { page, context } = wanted(kvm, v)
    const { root_role_pae, cpu_role_pae } = kvm.vcpu[v]
    return rule.always !== true && page === root_role_pae && context === cpu_role_pae
  }
  return step(
    'INIT.1',
    {
      fn: 'kvm_init_mmu',
      since,
      c: 'init_kvm_softmmu(',
      shows: (kvm, v) =>
        same(kvm, v)
          ? 'the role is what it was: return'
          : `walk guest tables with PAE = ${kvm.vcpu[v].cr4_pae}`,
    },
    [
      { when: same },
      {
        does: (kvm, v) => {
          const { page, context } = wanted(kvm, v)
          kvm.vcpu[v].root_role_pae = page
          kvm.vcpu[v].cpu_role_pae = context
          kvm.vcpu[v].walks_pae = kvm.vcpu[v].cr4_pae
        },
      },
    ],
  )
}
