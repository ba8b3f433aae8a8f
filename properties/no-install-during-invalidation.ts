import type { ActionProperty } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { all } from './guest-mode.ts'

export const noInstallDuringInvalidation: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'no-install-during-invalidation',
  aliases: ['I-12', 'I15'],
  title:
    'A page fault maps the host page that backs the frame now, and not while the frame is being invalidated.',
  when: 'whenever a page fault writes a leaf SPTE',
  reference: 'mmu_invalidate_retry_gfn() in is_page_fault_stale()',
  consequence: 'The guest gets a page that the host is about to take away, or has taken away.',
  given: (before, step, after) => of_a_fault(step) && installed(before, after).length > 0,
  holds: (before, step, after) =>
    !of_a_fault(step) ||
    installed(before, after).every(
      ({ gfn, pfn }) => before.host_pte[gfn] === pfn && !being_invalidated(before, gfn),
    ),
}

function of_a_fault(step: { kind: string; path: string }): boolean {
  return step.kind === 'vcpu' && step.path.startsWith('PF/')
}

/** Some notifier has zapped the frame's SPTEs and has not ended. */
function being_invalidated(kvm: Kvm, gfn: number): boolean {
  return all(kvm.notifier).some((n) => kvm.notifier[n].unmapped && kvm.notifier[n].gfn === gfn)
}

/** The leaves that a step wrote. */
function installed(before: Kvm, after: Kvm): { gfn: number; pfn: number }[] {
  return all(after.page).flatMap((p) =>
    all(after.page[p].spte).flatMap((i) => {
      const { kind, gfn, pfn } = after.page[p].spte[i]
      const old = before.page[p].spte[i]
      if (kind !== 'leaf' || gfn === null || pfn === null) return []
      return old.kind === 'leaf' && old.pfn === pfn && old.gfn === gfn ? [] : [{ gfn, pfn }]
    }),
  )
}
