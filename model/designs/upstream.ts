import type { Kvm } from '../memory/kvm.ts'
import { scenarios } from '../scenarios/index.ts'
import type { Design } from './design.ts'
import { olderKernels } from './older-kernels.ts'

/** The base without patches: in the newest kernel every property holds in every scenario. */
export const upstream: Design<Kvm> = {
  id: 'upstream',
  aliases: ['R2', 'B', 'K5'],
  title: 'KVM as merged: mark the root invalid before the request, and test each cached root by itself',
  status: 'upstream',
  kernel: { commit: 'cf4a8693d97a', version: 'v5.19', function: 'kvm_mmu_free_obsolete_roots' },
  about:
    'The order of role.invalid and the request is that of 527d5cd7eece (v5.18), the test of previous roots that of cf4a8693d97a ("Check every prev_roots in __kvm_mmu_free_obsolete_roots()", v5.19). The machines are those of 7.2.13 as a whole; --kernel chooses an older one. Aging starts the walk of an rmap from the head that it has locked, as v7.2 does; the code as merged in v6.15 is the design rmap-head-read-again.',
  scenarios: scenarios.map((s) => s.id),
  patches: [],
  expect: olderKernels,
}
