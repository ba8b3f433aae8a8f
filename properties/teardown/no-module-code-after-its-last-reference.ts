import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const noModuleCodeAfterItsLastReference: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-module-code-after-its-last-reference',
  aliases: [],
  title: 'No kworker executes code of the KVM module after the last reference to the module was put.',
  when: 'always',
  reference: 'async_pf_execute(), module_put(); 3d75b8aa5c29, v6.9',
  consequence: 'The module is unloaded while a thread executes its code, and the kernel oopses.',
  given: (kvm) => unreferenced(kvm),
  holds: (kvm, at) =>
    !unreferenced(kvm) || all(kvm.vcpu).every((v) => ['idle', 'done'].includes(at.kworker[v])),
}

const unreferenced = (kvm: Kvm): boolean => kvm.teardown.length > 0 && kvm.teardown[0].module_refs === 0
