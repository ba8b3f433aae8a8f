import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** Freeing pages (CM.2) always flushes: it waits for walkers, not for TLB entries. */
export const noNeedlessFlush: ActionProperty<Kvm> = {
  kind: 'action',
  class: 'precision',
  id: 'no-needless-flush',
  aliases: ['P-5'],
  title: 'A remote TLB flush is sent only if an SPTE was cleared or lost access since the last one.',
  when: 'whenever a vCPU starts a remote flush because of SPTE changes',
  reference: 'kvm_mmu_remote_flush_or_zap(), kvm_mmu_slot_gfn_write_protect()',
  consequence: 'Needless work: every vCPU is interrupted and refills its TLB.',
  given: (_before, step) => is_spte_flush(step.kind, step.path),
  holds: (before) => before.flush_pending.length === 0 || before.flush_pending[0],
}

const is_spte_flush = (kind: string, path: string): boolean =>
  kind === 'vcpu' && path.endsWith(' flush/REQ.0')
