import type { OopsFreedom } from '../../model/language/property.ts'

// Counters that leave their range, and locks that nobody holds, where the kernel asserts that it never happens.

const invalidationEnds: OopsFreedom = {
  kind: 'fault',
  id: 'invalidation-ends-only-after-it-began',
  aliases: [],
  raisedIn: ['kvm_mmu_invalidate_end', 'kvm_mmu_notifier_invalidate_range_end'],
  title: 'kvm_mmu_invalidate_end() finds an invalidation in progress.',
  reference: 'KVM_BUG_ON(kvm->mmu_invalidate_in_progress < 0, kvm) in kvm_mmu_invalidate_end(), v6.8',
  consequence: 'The VM is dead; before v6.8, faults no longer see the next invalidation.',
}

const notifierEnds: OopsFreedom = {
  kind: 'fault',
  id: 'notifier-ends-only-after-it-began',
  aliases: [],
  raisedIn: ['kvm_mmu_notifier_invalidate_range_end'],
  title: 'kvm_mmu_notifier_invalidate_range_end() finds the notifier counted as active.',
  reference:
    'WARN_ON_ONCE(!kvm->mn_active_invalidate_count) in kvm_mmu_notifier_invalidate_range_end(), v6.8',
  consequence: 'Memslots are published in the middle of another invalidation, or never again.',
}

const writeTrackingEnds: OopsFreedom = {
  kind: 'fault',
  id: 'write-tracking-ends-only-after-it-began',
  aliases: [],
  raisedIn: ['unaccount_shadowed'],
  title: 'Writes to a frame stop being tracked only if they are tracked.',
  reference: 'WARN_ON_ONCE(val + count < 0 || val + count > USHRT_MAX) in update_gfn_write_track()',
  consequence: 'The guest writes to a table that is shadowed, and KVM does not notice.',
}

const vmReferencePut: OopsFreedom = {
  kind: 'fault',
  id: 'vm-reference-is-put-only-while-held',
  aliases: [],
  raisedIn: ['kvm_put_kvm'],
  title: 'kvm_put_kvm() finds a reference to put.',
  reference: 'refcount_dec_and_test(&kvm->users_count): REFCOUNT_SUB_UAF, "underflow; use-after-free"',
  consequence: 'The VM is destroyed while something still uses it, and again later.',
}

const moduleReferencePut: OopsFreedom = {
  kind: 'fault',
  id: 'module-reference-is-put-only-while-held',
  aliases: [],
  raisedIn: ['__fput', 'kvm_destroy_vm'],
  title: 'module_put() finds a reference to put.',
  reference: 'WARN_ON(ret < 0) in module_put()',
  consequence: 'The module is unloaded while its code runs.',
}

const mmuLockReleased: OopsFreedom = {
  kind: 'fault',
  id: 'mmu-lock-is-released-only-while-held',
  aliases: [],
  title: 'write_unlock(&kvm->mmu_lock) finds the lock held.',
  reference: 'lockdep: "bad unlock balance detected"',
  consequence: 'Two threads change the shadow pages at the same time.',
}

/** What the kernel asserts of its counters and of mmu_lock. */
export const assertedCounters: readonly OopsFreedom[] = [
  invalidationEnds,
  notifierEnds,
  writeTrackingEnds,
  vmReferencePut,
  moduleReferencePut,
  mmuLockReleased,
]
