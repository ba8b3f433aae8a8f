// Written by `npm run register` from what the files beside it export; not edited by hand.
import { agingWithoutMmuLock } from './aging/aging-without-mmu-lock.ts'
import type { Difference } from './difference.ts'
import { oldSpteDroppedBeforeMmio } from './fault/old-spte-dropped-before-mmio.ts'
import { prefaultFailsOnAnInvalidSlot } from './fault/prefault-fails-on-an-invalid-slot.ts'
import { reloadFreesObsoleteRoots } from './fault/reload-frees-obsolete-roots.ts'
import { retryTestWithoutLock } from './fault/retry-test-without-lock.ts'
import { apicPageRequestedWithTheUnmap } from './notifier/apic-page-requested-with-the-unmap.ts'
import { pfnCacheDeactivatedInOneSection } from './notifier/pfn-cache-deactivated-in-one-section.ts'
import { rangeAddedSlotBySlot } from './notifier/range-added-slot-by-slot.ts'
import { unmapOfARangeMayYield } from './notifier/unmap-of-a-range-may-yield.ts'
import { barriersAroundTheCount } from './primitives/barriers-around-the-count.ts'
import { dummyRoot } from './roots/dummy-root.ts'
import { invlpgSyncs } from './shadow/invlpg-syncs.ts'
import { linkedChildDifferences } from './shadow/linked-child-tested.ts'
import { oneRetry } from './shadow/one-retry.ts'
import { unprotectedIfWriteProtected } from './shadow/unprotected-if-write-protected.ts'
import { tdpHugePageSplitByAFault } from './tdp/tdp-huge-page-split-by-a-fault.ts'
import { tdpInvalidRootsOweNoFlush } from './tdp/tdp-invalid-roots-owe-no-flush.ts'
import { tdpRootsUnderTheReadLock } from './tdp/tdp-roots-under-the-read-lock.ts'
import { tdpRootsZappedLevelByLevel } from './tdp/tdp-roots-zapped-level-by-level.ts'
import { tdpSpuriousBeforeMakeSpte } from './tdp/tdp-spurious-before-make-spte.ts'
import { obsoletePagesOnALocalList } from './zap/obsolete-pages-on-a-local-list.ts'
import { reclaimDifferences } from './zap/root-tested-after-reclaim.ts'

/** All differences between the kernels that the model is of. */
export const differences: readonly Difference[] = [
  dummyRoot,
  obsoletePagesOnALocalList,
  ...reclaimDifferences,
  invlpgSyncs,
  ...linkedChildDifferences,
  oneRetry,
  unprotectedIfWriteProtected,
  oldSpteDroppedBeforeMmio,
  prefaultFailsOnAnInvalidSlot,
  reloadFreesObsoleteRoots,
  retryTestWithoutLock,
  tdpHugePageSplitByAFault,
  tdpInvalidRootsOweNoFlush,
  tdpRootsUnderTheReadLock,
  tdpRootsZappedLevelByLevel,
  tdpSpuriousBeforeMakeSpte,
  apicPageRequestedWithTheUnmap,
  pfnCacheDeactivatedInOneSection,
  rangeAddedSlotBySlot,
  unmapOfARangeMayYield,
  agingWithoutMmuLock,
  barriersAroundTheCount,
]
