import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { usable_tlb } from '../shadow/mappings.ts'
import { all, in_guest } from './guest-mode.ts'

/** `outdated` is a history variable: set by the flush, reset when the translation goes or is read anew. */
export const noTranslationFromBeforeAFlush: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-translation-from-before-a-flush',
  aliases: ['I2'],
  title:
    'Once a flush of all vCPUs has returned, or a vCPU has asked itself for one, it runs no guest code with a translation from before.',
  when: 'always; for the whole time until the vCPU runs again, if it sleeps or is kept from entering the guest',
  reference:
    'kvm_flush_remote_tlbs(): KVM_REQUEST_WAIT; kvm_vcpu_flush_tlb_all(), kvm_vcpu_flush_tlb_current()',
  consequence: 'The page is taken away after the flush, and the guest still reaches it.',
  judgedWhere: ({ requests }: Bounds) => requests.flushHistory,
  given: (kvm) =>
    all(kvm.vcpu).some((v) => all(kvm.vcpu[v].outdated).some((gva) => was_flushed(kvm, v, gva))),
  holds: (kvm, at) =>
    all(kvm.vcpu).every(
      (v) => !in_guest(at, v) || usable_tlb(kvm, at, v).every(({ gva }) => !was_flushed(kvm, v, gva)),
    ),
}

const was_flushed = (kvm: Kvm, v: number, gva: number): boolean =>
  kvm.vcpu[v].outdated[gva] === 'a flush was made'
