import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { noFreedRootInUse } from '../roots/no-freed-root-in-use.ts'
import { noGuestOnARootAfterItsRequest } from '../roots/no-guest-on-a-root-after-its-request.ts'
import { noStaleRootUsed } from '../roots/no-stale-root-used.ts'
import { rootCountIsNumberOfHolders } from '../roots/root-count-is-number-of-holders.ts'
import { obsoletePagesAreOldest } from '../zap/obsolete-pages-are-oldest.ts'
import { pageOnOneList } from '../zap/page-on-one-list.ts'
import { childIsOneLevelBelow } from './child-is-one-level-below.ts'
import { leafIsOnItsRmap } from './leaf-is-on-its-rmap.ts'
import { noFlushDebtAtUnlock } from './no-flush-debt-at-unlock.ts'
import { noFreedSpteOnRmap } from './no-freed-spte-on-rmap.ts'
import { noLinkToADeadPage } from './no-link-to-a-dead-page.ts'
import { noWalkOfAFreedPage } from './no-walk-of-a-freed-page.ts'
import { parentLinksMatch } from './parent-links-match.ts'
import { rmapHoldsPresentSptes } from './rmap-holds-present-sptes.ts'
import { rmapKeyIsThePagesOwn } from './rmap-key-is-the-pages-own.ts'
import { shadowedTablesAreCounted } from './shadowed-tables-are-counted.ts'
import { syncedPageAgrees } from './synced-page-agrees.ts'
import { trackedTableIsNotWritable } from './tracked-table-is-not-writable.ts'
import { unsyncPageCanBeFound } from './unsync-page-can-be-found.ts'
import { writableTableIsUnsync } from './writable-table-is-unsync.ts'

/**
 * The state invariants of docs/kvm/invariants.md (I-1 to I-27) about what the hint concerns: shadow pages, their
 * SPTEs and counters, and the roots in use. The others are about memslots, host pages and MMIO.
 */
const SAFETY: readonly Invariant<Kvm>[] = [
  noFreedSpteOnRmap,
  leafIsOnItsRmap,
  rmapHoldsPresentSptes,
  parentLinksMatch,
  childIsOneLevelBelow,
  noLinkToADeadPage,
  rmapKeyIsThePagesOwn,
  pageOnOneList,
  noWalkOfAFreedPage,
  noStaleRootUsed,
  noGuestOnARootAfterItsRequest,
  noFreedRootInUse,
  noFlushDebtAtUnlock,
  trackedTableIsNotWritable,
  writableTableIsUnsync,
  unsyncPageCanBeFound,
  syncedPageAgrees,
  shadowedTablesAreCounted,
  obsoletePagesAreOldest,
  rootCountIsNumberOfHolders,
]

/**
 * Required: after a wrong reading of the counter, no state violates a safety property. Not required: that no
 * work is wasted. A gfn that is not unprotected costs one more fault, mmu_lock may be taken for nothing, and
 * since v6.12 the only retry can be used up; other properties cover that.
 *
 * A reading is wrong if the shadow pages contradict it when a vCPU acts on it (continues without mmu_lock, or
 * has taken it). A page whose zap has just removed it from the counter still counts as shadowed, so the
 * property is checked slightly more often than necessary.
 */
export const wrongHintCostsOnlyTime: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'wrong-hint-costs-only-time',
  aliases: ['I-28'],
  title:
    'After a vCPU has acted on a wrong reading of indirect_shadow_pages without mmu_lock, every safety property of shadow pages still holds.',
  when: 'in every state after such a reading, each property under its own condition',
  reference:
    '__kvm_mmu_unprotect_gfn_and_retry(): "a false positive/negative is benign"; kvm_mmu_track_write(), where it is not benign without barriers',
  consequence: 'A counter that only saves taking a lock decides whether a wrong SPTE is ever corrected.',
  given: (kvm) => kvm.wrong_hint.length > 0 && kvm.wrong_hint[0],
  holds: (kvm, at) => SAFETY.every(({ given, holds }) => given?.(kvm, at) === false || holds(kvm, at)),
}
