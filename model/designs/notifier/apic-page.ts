import { drop, only } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { vacuous, violated } from '../expectation.ts'

const APIC = 'apic-page-notifier'
const BELONGS = 'apic-page-belongs-to-the-vm'

/** The address of the APIC page in the VMCS: when is it looked up again? */
export const apicPageDesigns: readonly Design<Kvm>[] = [
  {
    id: 'apic-page-reloaded-too-early',
    aliases: ['G2'],
    title: '..v5.7: request the reload of the APIC page when the invalidation begins, and do not test it',
    status: 'bug',
    kernel: { commit: 'e649b3f0188f', version: '..v5.7', function: 'kvm_vcpu_reload_apic_access_page' },
    about:
      'Fixed by e649b3f0188f ("KVM: x86: Fix APIC page invalidation race", v5.8; from memory), which moved the request behind the change of the PTE; since then it is back at the unmap, with a retry. The vCPU services the request at once and finds the page that is still mapped; the host frees it, and no other request follows.',
    scenarios: [APIC],
    kernels: ['6.12', '7.2'],
    patches: [only('vcpu', drop('APIC.5 retry'))],
    expect: violated(APIC, BELONGS),
  },
  {
    id: 'apic-page-reload-not-requested',
    aliases: [],
    title: 'do not reload the APIC page when the host takes it away',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_unmap_gfn_range' },
    about: 'Nothing else makes a vCPU look the page up again.',
    scenarios: [APIC],
    kernels: ['6.12', '7.2'],
    patches: [only('notifier', drop('NS.5 apic'))],
    expect: [...violated(APIC, BELONGS), ...vacuous('No request is made.', APIC, 'request-is-serviced')],
  },
]
