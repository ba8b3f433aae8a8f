import { Oops } from '../../language/property.ts'

/**
 * Counters that the kernel asserts never to go below 0, and the fault property that says so. What the kernel
 * does not assert (`sp->root_count`, `indirect_shadow_pages`) is a bound of the model; so is `unsync_children`,
 * which no scenario that has it as a field counts down.
 */
const ASSERTED = {
  mmu_invalidate_in_progress: 'invalidation-ends-only-after-it-began',
  mn_active_invalidate_count: 'notifier-ends-only-after-it-began',
  gfn_write_track: 'write-tracking-ends-only-after-it-began',
  users_count: 'vm-reference-is-put-only-while-held',
  module_refs: 'module-reference-is-put-only-while-held',
} as const

/** The value of a counter after it went down by one. @throws Oops where the kernel asserts that it does not. */
export function count_down(counter: keyof typeof ASSERTED, value: number): number {
  if (value === 0) throw new Oops(ASSERTED[counter], `${counter} = -1`)
  return value - 1
}
