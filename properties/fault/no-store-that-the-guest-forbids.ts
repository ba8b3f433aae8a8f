import type { ActionProperty, StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { guest_walk } from '../../model/memory/primitives/guest-memory.ts'

/** For scenarios whose guest tables do not change: no TLB may cache an older permission. */
export const noStoreThatTheGuestForbids: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'no-store-that-the-guest-forbids',
  aliases: [],
  title: 'No store is performed that the guest page tables forbid.',
  when: 'whenever hardware performs a store',
  reference: 'paging64_walk_addr(): pte_access; CVE-2021-38198, b1bd5cba3306 (v5.13)',
  consequence: 'The guest writes to memory that it has made read-only, for example copy-on-write pages.',
  given: (before, step) => is_store(before, step),
  holds: (before, { self }) => guest_walk(before, self, before.vcpu[self].gva)?.w === true,
}

const is_store = (kvm: Kvm, { kind, self, path }: StepView): boolean =>
  kind === 'vcpu' && /(^|\/)HW\.[13]$/.test(path) && kvm.vcpu[self].guest === 'write'
