import type { Kvm } from 'mmucheck/kvm'
import { only, replace, step } from 'mmucheck/language'

/**
 * What if `__kvm_mmu_prepare_zap_page()` sent no request when no vCPU is in guest mode? They would all look for requests
 * before they enter the guest again, would they not?
 */
function no_vcpu_in_guest_mode(kvm: Kvm): boolean {
  for (let v = 0; v < kvm.vcpu.length; v++) if (kvm.vcpu[v].mode === 'IN_GUEST_MODE') return false
  return true
}

/** The first case whose guard holds is taken: it jumps past the request, the second falls through to it. */
const test = step<Kvm>(
  'ZAP.9 test',
  {
    fn: '__kvm_mmu_prepare_zap_page',
    shows: (kvm) => `if (zapped_root && ${no_vcpu_in_guest_mode(kvm) ? 'no' : 'a'} vCPU is in guest mode)`,
  },
  [{ when: (kvm, self) => !kvm.zapper[self].zapped_root || no_vcpu_in_guest_mode(kvm), to: 'ZAP.9 end' }, {}],
)

export default {
  id: 'my-change',
  title: 'no request when no vCPU is in guest mode',
  scenarios: ['roots-zap-one'],
  patches: [only('zapper', replace('ZAP.9 test', test))],
  // What a check must find; what is not listed must hold. "mmucheck gate --design my-change.ts" compares.
  expect: [
    { scenario: 'roots-zap-one', property: 'no-stale-root-used', verdict: 'violated' },
    { scenario: 'roots-zap-one', property: 'every-access-can-finish', verdict: 'violated' },
  ],
}
