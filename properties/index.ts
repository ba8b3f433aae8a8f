import type { Property } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import {
  faultMapsAPageWithoutTheLog,
  largeSpteIsDropped,
  pageIsWrittenAgain,
  pageIsWrittenBeforeItsBitIsSet,
  storeComesBeforeTheFlush,
} from './dirty-log/dirty-log-witnesses.ts'
import { noDirtyPageLost } from './dirty-log/no-dirty-page-lost.ts'
import { noWriteMissingFromTheDirtyLog } from './dirty-log/no-write-missing-from-the-dirty-log.ts'
import { asyncPfProperties } from './fault/async-pf.ts'
import { mmioSpteIsFresh } from './fault/mmio-spte-is-fresh.ts'
import { tdpFaultProperties } from './fault/tdp-faults.ts'
import { noSpteOfAFreedSlot } from './memslots/no-spte-of-a-freed-slot.ts'
import { nothingAddedToAnInvalidSlot } from './memslots/nothing-added-to-an-invalid-slot.ts'
import { invalidationsAreBalanced } from './notifier/invalidations-are-balanced.ts'
import { noInstallDuringInvalidation } from './notifier/no-install-during-invalidation.ts'
import { noMappingOfALostPage } from './notifier/no-mapping-of-a-lost-page.ts'
import { assertedCounters } from './primitives/asserted-counters.ts'
import { noDeadlock } from './primitives/no-deadlock.ts'
import { noRequestUnnoticedInGuestMode } from './primitives/no-request-unnoticed-in-guest-mode.ts'
import { noUseAfterFree } from './primitives/no-use-after-free.ts'
import { noFreedRootInUse } from './roots/no-freed-root-in-use.ts'
import { noGuestOnARootAfterItsRequest } from './roots/no-guest-on-a-root-after-its-request.ts'
import { noObsoleteRootKept } from './roots/no-obsolete-root-kept.ts'
import { noStaleRootUsed } from './roots/no-stale-root-used.ts'
import { onlyObsoleteRootsFreed } from './roots/only-obsolete-roots-freed.ts'
import { roleProperties } from './roots/roles.ts'
import { rootCountIsNumberOfHolders } from './roots/root-count-is-number-of-holders.ts'
import { noFlushDebtAtUnlock } from './shadow/no-flush-debt-at-unlock.ts'
import { noFreedSpteOnRmap } from './shadow/no-freed-spte-on-rmap.ts'
import { shadowPageProperties } from './shadow/shadow-pages.ts'
import { everyAccessCanFinish } from './vcpu/every-access-can-finish.ts'
import { everyAccessFinishes } from './vcpu/every-access-finishes.ts'
import { noTlbEntryOfAFreedRoot } from './vcpu/no-tlb-entry-of-a-freed-root.ts'
import {
  agingHoldsBackAZap,
  faultFindsAnInvalidSlot,
  faultIsRetriedForANotifier,
  guestEntersOnARootBeingZapped,
  mmioSpteIsHonoured,
  mmioSpteIsOutOfDate,
  notifierFindsAnInvalidSlot,
  notifierRunsInALockBreak,
  staleFaultIsRetried,
} from './witnesses.ts'
import { noLeafBelowAnObsoleteRoot } from './zap/no-leaf-below-an-obsolete-root.ts'
import { noObsoletePageAfterTheZap } from './zap/no-obsolete-page-after-the-zap.ts'
import { obsoletePagesAreOldest } from './zap/obsolete-pages-are-oldest.ts'
import { pageOnOneList } from './zap/page-on-one-list.ts'
import { zapAllCanFinish } from './zap/zap-all-can-finish.ts'
import { zapAllTerminates } from './zap/zap-all-terminates.ts'

/** All properties, in the order of listings. */
export const properties: readonly Property<Kvm>[] = [
  noStaleRootUsed,
  noLeafBelowAnObsoleteRoot,
  noFreedRootInUse,
  noTlbEntryOfAFreedRoot,
  noGuestOnARootAfterItsRequest,
  noRequestUnnoticedInGuestMode,
  noObsoleteRootKept,
  onlyObsoleteRootsFreed,
  rootCountIsNumberOfHolders,
  pageOnOneList,
  noUseAfterFree,
  noFreedSpteOnRmap,
  noSpteOfAFreedSlot,
  noMappingOfALostPage,
  noInstallDuringInvalidation,
  noFlushDebtAtUnlock,
  noDirtyPageLost,
  noWriteMissingFromTheDirtyLog,
  nothingAddedToAnInvalidSlot,
  obsoletePagesAreOldest,
  invalidationsAreBalanced,
  mmioSpteIsFresh,
  ...shadowPageProperties,
  ...roleProperties,
  ...tdpFaultProperties,
  ...asyncPfProperties,
  ...assertedCounters,
  everyAccessCanFinish,
  everyAccessFinishes,
  zapAllCanFinish,
  zapAllTerminates,
  noObsoletePageAfterTheZap,
  noDeadlock,
  guestEntersOnARootBeingZapped,
  staleFaultIsRetried,
  faultIsRetriedForANotifier,
  notifierFindsAnInvalidSlot,
  faultFindsAnInvalidSlot,
  notifierRunsInALockBreak,
  mmioSpteIsHonoured,
  mmioSpteIsOutOfDate,
  storeComesBeforeTheFlush,
  pageIsWrittenAgain,
  pageIsWrittenBeforeItsBitIsSet,
  largeSpteIsDropped,
  agingHoldsBackAZap,
  faultMapsAPageWithoutTheLog,
]
