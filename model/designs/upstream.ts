import type { Kvm } from '../memory/kvm.ts'
import { scenarios } from '../scenarios/index.ts'
import type { Design } from './design.ts'

/** The model as it stands: no patches, every property holds everywhere. */
export const upstream: Design<Kvm> = {
  id: 'upstream',
  aliases: ['R2', 'B', 'K5'],
  title: 'KVM as merged: mark the root invalid, then request; each cached root is tested by itself',
  status: 'upstream',
  kernel: { commit: 'cf4a8693d97a', version: 'v5.19', function: 'kvm_mmu_free_obsolete_roots' },
  about:
    'The order of role.invalid and the request is that of 527d5cd7eece (v5.18), the test of previous roots that of cf4a8693d97a ("Check every prev_roots in __kvm_mmu_free_obsolete_roots()", v5.19). In one place no kernel is known to do what the model does: aging does not read the head of an rmap twice; what was merged is the design rmap-head-read-again.',
  scenarios: scenarios.map((s) => s.id),
  patches: [],
  expect: [],
}
