import { Oops } from '../../language/property.ts'

/**
 * Counters whose underflow the kernel reports (WARN_ON(), KVM_BUG_ON(), refcount_t), with the property that it
 * violates. Underflow of `sp->root_count` and `indirect_shadow_pages`, which the kernel does not report, is a
 * model error; `unsync_children` is not decremented in any scenario that has it as a field.
 */
const ASSERTED = {
  mmu_invalidate_in_progress: 'invalidation-ends-only-after-it-began',
  mn_active_invalidate_count: 'notifier-ends-only-after-it-began',
  gfn_write_track: 'write-tracking-ends-only-after-it-began',
  users_count: 'vm-reference-is-put-only-while-held',
  module_refs: 'module-reference-is-put-only-while-held',
} as const

/** A counter minus one. @throws Oops at 0. */
export function count_down(counter: keyof typeof ASSERTED, value: number): number {
  if (value === 0) throw new Oops(ASSERTED[counter], `${counter} = -1`)
  return value - 1
}
