import type { OopsFreedom } from '../../model/language/property.ts'

// What the kernel asserts: counters stay in range, and mmu_lock is held when it is released.

const invalidationEnds: OopsFreedom = {
  kind: 'fault',
  id: 'invalidation-ends-only-after-it-began',
  aliases: [],
  raisedIn: ['kvm_mmu_invalidate_end', 'kvm_mmu_notifier_invalidate_range_end'],
  title: 'kvm_mmu_invalidate_end() finds an invalidation in progress.',
  reference: 'KVM_BUG_ON(kvm->mmu_invalidate_in_progress < 0, kvm) in kvm_mmu_invalidate_end(), v6.8',
  consequence: 'KVM_BUG_ON() kills the VM; before v6.8 a BUG_ON() in the range_end callback stops the host.',
}

const notifierEnds: OopsFreedom = {
  kind: 'fault',
  id: 'notifier-ends-only-after-it-began',
  aliases: [],
  raisedIn: ['kvm_mmu_notifier_invalidate_range_end'],
  title: 'kvm_mmu_notifier_invalidate_range_end() finds mn_active_invalidate_count above zero.',
  reference:
    'WARN_ON_ONCE(!kvm->mn_active_invalidate_count) in kvm_mmu_notifier_invalidate_range_end(), v6.8',
  consequence: 'Memslots are installed in the middle of another invalidation, or an update waits forever.',
}

const writeTrackingEnds: OopsFreedom = {
  kind: 'fault',
  id: 'write-tracking-ends-only-after-it-began',
  aliases: [],
  raisedIn: ['unaccount_shadowed'],
  title: 'gfn_write_track[] is decremented only while it is above zero.',
  reference: 'WARN_ON_ONCE(val + count < 0 || val + count > USHRT_MAX) in update_gfn_write_track()',
  consequence: 'The guest writes to a shadowed page table, and KVM does not notice.',
}

const vmReferencePut: OopsFreedom = {
  kind: 'fault',
  id: 'vm-reference-is-put-only-while-held',
  aliases: [],
  raisedIn: ['kvm_put_kvm'],
  title: 'kvm_put_kvm() is called only while a reference is held.',
  reference: 'refcount_dec_and_test(&kvm->users_count): REFCOUNT_SUB_UAF, "underflow; use-after-free"',
  consequence: 'The VM is destroyed while it is still in use, and a second time later.',
}

const moduleReferencePut: OopsFreedom = {
  kind: 'fault',
  id: 'module-reference-is-put-only-while-held',
  aliases: [],
  raisedIn: ['__fput', 'kvm_destroy_vm'],
  title: 'module_put() is called only while a reference is held.',
  reference: 'WARN_ON(ret < 0) in module_put()',
  consequence: 'The module is unloaded while its code is running.',
}

const mmuLockReleased: OopsFreedom = {
  kind: 'fault',
  id: 'mmu-lock-is-released-only-while-held',
  aliases: [],
  title: 'mmu_lock is released only while it is held.',
  reference: 'lockdep: "bad unlock balance detected"',
  consequence: 'Two threads change the shadow pages at the same time.',
}

export const assertedCounters: readonly OopsFreedom[] = [
  invalidationEnds,
  notifierEnds,
  writeTrackingEnds,
  vmReferencePut,
  moduleReferencePut,
  mmuLockReleased,
]
