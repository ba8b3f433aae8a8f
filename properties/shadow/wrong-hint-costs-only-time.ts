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
 * Of I-1 to I-27 those that are said of a state and of what the hint is about: shadow pages, their SPTEs and
 * counts, and the roots that may be used. The others are about memslots, the host's pages and MMIO.
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
 * What is promised: a behaviour in which the count was read wrong reaches no state that breaks a safety
 * property. What is not: that nothing is lost. A frame that is not unprotected costs one more fault, mmu_lock
 * may be taken for nothing, and since v6.12 the one retry can be spent; other properties ask about that.
 *
 * Wrong means: at the moment somebody acts on the reading (goes on without mmu_lock, or has taken it), the
 * pages say otherwise. A page whose zap has just taken it off the count still says "shadowed"; so the
 * promise is asked for a little more often than it must be.
 */
export const wrongHintCostsOnlyTime: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'wrong-hint-costs-only-time',
  aliases: ['I-28'],
  title:
    'However often somebody has acted on a wrong reading of indirect_shadow_pages without mmu_lock, every safety property of shadow pages holds.',
  when: 'in every state after such a reading, each property at its own time',
  reference:
    '__kvm_mmu_unprotect_gfn_and_retry(): "a false positive/negative is benign"; kvm_mmu_track_write(), where it is not without barriers; shadow-mmu.md 11 (I-28)',
  consequence: 'A count that was meant to save a lock decides whether an SPTE is ever corrected.',
  given: (kvm) => kvm.wrong_hint.length > 0 && kvm.wrong_hint[0],
  holds: (kvm, at) => SAFETY.every(({ given, holds }) => given?.(kvm, at) === false || holds(kvm, at)),
}
