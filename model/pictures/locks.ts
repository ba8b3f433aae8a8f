import type { Kvm } from '../memory/kvm.ts'

/** The locks that are held, SRCU read sections among them; what several may hold together names its holder. */
export function locksOf(kvm: Kvm): string[] {
  const held = (flags: Iterable<boolean>, name: (id: number) => string): string[] =>
    [...flags].flatMap((is, id) => (is ? [name(id)] : []))
  return [
    ...(kvm.mmu_lock === 'free' ? [] : ['mmu_lock']),
    ...kvm.mmu_lock_readers.elements().map((v) => `mmu_lock for read by vcpu${v}`),
    ...(kvm.mmu_unsync_pages_lock === 'held' ? ['mmu_unsync_pages_lock'] : []),
    ...held(kvm.rmap_locked, (gfn) => `rmap lock of gfn ${gfn}`),
    ...held(kvm.vcpu_in_srcu, (v) => `srcu by vcpu${v}`),
    ...held(kvm.notifier_in_srcu, (n) => `srcu by notifier${n}`),
  ]
}
