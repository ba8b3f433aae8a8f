import type { Witness } from '../../model/language/property.ts'
import { same_mmu_kind, same_pgd } from '../../model/memory/fault/async-pf.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const pageIsPrefaulted: Witness<Kvm> = {
  kind: 'witness',
  id: 'page-is-prefaulted',
  aliases: [],
  title: 'KVM installs the SPTE of a page that was swapped in before the guest accesses it again.',
  reference: 'kvm_arch_async_page_ready()',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => kvm.vcpu[v].prefetch && ['PF/SET.4', 'TDP/P12'].includes(at.vcpu[v])),
}

export const pageArrivesInAnotherContext: Witness<Kvm> = {
  kind: 'witness',
  id: 'page-arrives-in-another-context',
  aliases: [],
  title: 'A page is ready, and the vCPU has left the context that faulted on it.',
  reference: 'kvm_arch_async_page_ready(): root_role.direct and cr3 against work->arch',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => at.vcpu[v] === 'APF/APF.4' && !(same_mmu_kind(kvm, v) && same_pgd(kvm, v))),
}

export const processEndsWhileAPageIsSwappedIn: Witness<Kvm> = {
  kind: 'witness',
  id: 'process-ends-while-a-page-is-swapped-in',
  aliases: [],
  title: 'The last file descriptor of a VM is closed while a kworker is executing async_pf_execute().',
  reference: 'kvm_put_kvm(), kvm_clear_async_pf_completion_queue()',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => at.vcpu[v] === 'CLOSE/CL.1' && kvm.vcpu[v].async_pf[0].work === 'running'),
}
