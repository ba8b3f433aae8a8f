import type { Fairness, Invariant, LeadsTo, Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { valid_pages_of } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

// The certificate of a benign race (question seed-000): "neither false positives nor false negatives are problematic". A
// false positive costs mmu_lock for nothing (no-needless-lock). A false negative leaves the gfn write-protected: these
// properties say that this repairs itself, after how many faults, and how; and the last witness shows where it does not.

const reference =
  '__kvm_mmu_unprotect_gfn_and_retry(): "a false positive/negative is benign"; kvm_unprotect_and_retry_on_failure()'

export const wrongHintCostsOneFault: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'wrong-hint-costs-one-fault',
  aliases: [],
  title:
    'After a vCPU has read indirect_shadow_pages as 0 although a table is shadowed, the store is refused at most once more for that reason.',
  when: 'until the gfn is unprotected or the store is over; a page that is built for the gfn meanwhile is another race',
  reference,
  consequence: 'The vCPU takes the same fault again and again.',
  given: (kvm) => all(kvm.vcpu).some((v) => kvm.vcpu[v].hint_debt !== 'none'),
  holds: (kvm) => all(kvm.vcpu).every((v) => kvm.vcpu[v].hint_debt !== 'refused again'),
}

/** A guest may stop between two instructions; within one the hardware continues, and CPUs take their interrupts. */
const FAIR: readonly Fairness[] = [
  { strength: 'strong', of: 'thread' },
  {
    strength: 'strong',
    of: 'step',
    kinds: ['vcpu'],
    paths: ['interrupt', 'HW.1', 'HW.2', 'HW.3', 'HW.3 fault'],
  },
]

export const wrongHintIsRepaired: LeadsTo<Kvm> = {
  kind: 'leads-to',
  id: 'wrong-hint-is-repaired',
  aliases: [],
  title:
    'After a vCPU has read indirect_shadow_pages as 0 although a table is shadowed, the gfn is eventually unprotected, or the store is over.',
  when: 'after such a reading, if what is enabled again and again eventually runs, also in hardware',
  reference,
  consequence: 'The vCPU takes the same fault forever.',
  each: 'vcpu',
  fairness: FAIR,
  given: (kvm, _at, v) => kvm.vcpu[v].hint_debt !== 'none',
  goal: (kvm, _at, v) => kvm.vcpu[v].hint_debt === 'none',
}

export const missedGfnIsZappedByOthers: Witness<Kvm> = {
  kind: 'witness',
  id: 'missed-gfn-is-zapped-by-others',
  aliases: [],
  title:
    'A gfn that a vCPU has missed, reading 0, is not shadowed any more: something else has zapped it first.',
  reference,
  seen: (kvm) =>
    all(kvm.vcpu).some((v) => {
      const { hint_debt, stopped_by } = kvm.vcpu[v]
      return hint_debt !== 'none' && stopped_by !== null && valid_pages_of(kvm, stopped_by).length === 0
    }),
}

export const wrongHintEndsInAnEmulationFailure: Witness<Kvm> = {
  kind: 'witness',
  id: 'wrong-hint-ends-in-an-emulation-failure',
  aliases: [],
  title:
    'The only retry of a store was spent on a wrong reading of indirect_shadow_pages, and KVM reports an emulation failure.',
  reference: 'kvm_mmu_write_protect_fault(), last_retry_eip and last_retry_addr, v6.12',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => kvm.vcpu[v].hint_debt !== 'none' && at.vcpu[v] === 'WP/RX.fail'),
}
