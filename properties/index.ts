import type { Property } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { assertedCounters } from './asserted-counters.ts'
import { asyncPfProperties } from './async-pf.ts'
import {
  faultMapsAPageWithoutTheLog,
  largeSpteIsDropped,
  pageIsWrittenAgain,
  pageIsWrittenBeforeItsBitIsSet,
  storeComesBeforeTheFlush,
} from './dirty-log-witnesses.ts'
import { everyAccessCanFinish } from './every-access-can-finish.ts'
import { everyAccessFinishes } from './every-access-finishes.ts'
import { invalidationsAreBalanced } from './invalidations-are-balanced.ts'
import { mmioSpteIsFresh } from './mmio-spte-is-fresh.ts'
import { noDeadlock } from './no-deadlock.ts'
import { noDirtyPageLost } from './no-dirty-page-lost.ts'
import { noFlushDebtAtUnlock } from './no-flush-debt-at-unlock.ts'
import { noFreedRootInUse } from './no-freed-root-in-use.ts'
import { noFreedSpteOnRmap } from './no-freed-spte-on-rmap.ts'
import { noGuestOnARootAfterItsRequest } from './no-guest-on-a-root-after-its-request.ts'
import { noInstallDuringInvalidation } from './no-install-during-invalidation.ts'
import { noLeafBelowAnObsoleteRoot } from './no-leaf-below-an-obsolete-root.ts'
import { noMappingOfALostPage } from './no-mapping-of-a-lost-page.ts'
import { noObsoletePageAfterTheZap } from './no-obsolete-page-after-the-zap.ts'
import { noObsoleteRootKept } from './no-obsolete-root-kept.ts'
import { noRequestUnnoticedInGuestMode } from './no-request-unnoticed-in-guest-mode.ts'
import { noSpteOfAFreedSlot } from './no-spte-of-a-freed-slot.ts'
import { noStaleRootUsed } from './no-stale-root-used.ts'
import { noTlbEntryOfAFreedRoot } from './no-tlb-entry-of-a-freed-root.ts'
import { noUseAfterFree } from './no-use-after-free.ts'
import { noWriteMissingFromTheDirtyLog } from './no-write-missing-from-the-dirty-log.ts'
import { nothingAddedToAnInvalidSlot } from './nothing-added-to-an-invalid-slot.ts'
import { obsoletePagesAreOldest } from './obsolete-pages-are-oldest.ts'
import { onlyObsoleteRootsFreed } from './only-obsolete-roots-freed.ts'
import { pageOnOneList } from './page-on-one-list.ts'
import { roleProperties } from './roles.ts'
import { rootCountIsNumberOfHolders } from './root-count-is-number-of-holders.ts'
import { shadowPageProperties } from './shadow-pages.ts'
import { tdpFaultProperties } from './tdp-faults.ts'
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
import { zapAllCanFinish } from './zap-all-can-finish.ts'
import { zapAllTerminates } from './zap-all-terminates.ts'

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
