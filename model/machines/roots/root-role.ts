import { type Step, step, when } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { root_role } from '../../memory/roots/mmu.ts'

/** GET.2 for a root: the gPTE size in the role by which the page is looked up and created. */
export function setRootRole(
  size: (rootRolePae: boolean, direct: boolean) => boolean = (pae) => pae,
): Step<Kvm> {
  const pae = (kvm: Kvm, v: number): boolean => size(kvm.vcpu[v].root_role_pae, root_role(kvm, v).direct)
  return step(
    'GET.2 root',
    {
      fn: 'mmu_alloc_root',
      since: 'v5.1..v7.2',
      c: 'vcpu->arch.mmu->root_role',
      shows: (kvm, v) => {
        const { direct, guest_mode } = root_role(kvm, v)
        return `role: ${[direct ? 'direct' : 'indirect', ...when(guest_mode, 'guest_mode'), ...when(pae(kvm, v), 'pae')].join(', ')}`
      },
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].role_pae = pae(kvm, v)
      },
    },
  )
}
