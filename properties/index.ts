// Written by `npm run register` from what the files beside it export; not edited by hand.
import type { Property } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { noAccessConsumedInSilence, rmapIsAgedUnderALock, agingChangesTheAccessedBitOnly, accessIsSeenBeforeEviction, accessIsSeenByTheWalk, bothKindsOfRootsAreAged } from './aging/aging-answers.ts'
import { lockedRmapDoesNotChange } from './aging/locked-rmap-does-not-change.ts'
import { storeComesBeforeTheFlush, pageIsWrittenAgain, pageIsWrittenBeforeItsBitIsSet, readMarksAPageDirty, largeSpteIsDropped, faultMapsAPageWithoutTheLog, faultRunsInABreakOfTheWriteProtection } from './dirty-log/dirty-log-witnesses.ts'
import { noDirtyPageLost } from './dirty-log/no-dirty-page-lost.ts'
import { noWriteMissingFromTheDirtyLog } from './dirty-log/no-write-missing-from-the-dirty-log.ts'
import { pageIsPrefaulted, pageArrivesInAnotherContext, processEndsWhileAPageIsSwappedIn } from './fault/async-pf.ts'
import { guestIsToldOfItsOwnFaultsOnly } from './fault/guest-is-told-of-its-own-faults-only.ts'
import { mmioSpteIsFresh } from './fault/mmio-spte-is-fresh.ts'
import { noAccessTakenByAFault } from './fault/no-access-taken-by-a-fault.ts'
import { noFaultRetriedForEver } from './fault/no-fault-retried-for-ever.ts'
import { noStoreThatTheGuestForbids } from './fault/no-store-that-the-guest-forbids.ts'
import { pageIsPrefaultedInItsOwnContext } from './fault/page-is-prefaulted-in-its-own-context.ts'
import { twoVcpusUnsyncAtOnce } from './fault/tdp-faults.ts'
import { slotZapFreesPagesOfTwoGfnsAtOnce } from './memslots/memslot-witnesses.ts'
import { memslotsAreInstalledBetweenInvalidations } from './memslots/memslots-are-installed-between-invalidations.ts'
import { noSpteOfAFreedSlot } from './memslots/no-spte-of-a-freed-slot.ts'
import { nothingAddedToAnInvalidSlot } from './memslots/nothing-added-to-an-invalid-slot.ts'
import { readOnlySlotIsMapped, writeToAReadOnlySlotIsEmulated } from './memslots/read-only-slot-witnesses.ts'
import { apicPageBelongsToTheVm } from './notifier/apic-page-belongs-to-the-vm.ts'
import { frameIsMappedByItsAttribute } from './notifier/frame-is-mapped-by-its-attribute.ts'
import { invalidationsAreBalanced } from './notifier/invalidations-are-balanced.ts'
import { kvmMmuInvalidateEndFindsARange } from './notifier/kvm-mmu-invalidate-end-finds-a-range.ts'
import { kvmUnmapGfnRangeIsInsideAnInvalidation } from './notifier/kvm-unmap-gfn-range-is-inside-an-invalidation.ts'
import { privatePageIsMapped, faultFindsAnotherAttribute, faultIsRetriedForAnAttribute } from './notifier/memory-attribute-witnesses.ts'
import { noInstallDuringInvalidation } from './notifier/no-install-during-invalidation.ts'
import { noMappingOfALostPage } from './notifier/no-mapping-of-a-lost-page.ts'
import { absentPageIsInvalidated, samePageIsMappedAgain, faultIsRetriedForItsOwnNotifier, agingHoldsBackANotifier, rangeIsUnmappedInTwoSections, tdpRangeIsUnmappedInTwoSections, flushIsOwedFromOneSlotToTheNext } from './notifier/notifier-witnesses.ts'
import { pfnCacheReachesThePageOfItsFrame, validPfnCacheIsActive, pfnCacheLockIsHeldInItsSections, pfnCacheUserCanFinish, pfnCacheIsRefreshedAgain, pfnCacheIsRefreshedAgainForAnotherPage } from './notifier/pfn-caches.ts'
import { sharedPageIsNotWritable } from './notifier/shared-page-is-not-writable.ts'
import { assertedCounters } from './primitives/asserted-counters.ts'
import { noDeadlock } from './primitives/no-deadlock.ts'
import { noRequestUnnoticedInGuestMode } from './primitives/no-request-unnoticed-in-guest-mode.ts'
import { noTranslationFromBeforeAFlush } from './primitives/no-translation-from-before-a-flush.ts'
import { noUseAfterFree } from './primitives/no-use-after-free.ts'
import { requestIsServiced } from './primitives/request-is-serviced.ts'
import { vcpuModeChangesAsAgreed } from './primitives/vcpu-mode-changes-as-agreed.ts'
import { cachedRootIsFound } from './roots/cached-root-is-found.ts'
import { contextFitsTheGuest } from './roots/context-fits-the-guest.ts'
import { guestRunsOnADummyRoot, dummyRootIsReplaced } from './roots/dummy-root-witnesses.ts'
import { hardwareWalksTheCurrentRoot } from './roots/hardware-walks-the-current-root.ts'
import { kvmMmuPageFaultFindsAValidRoot } from './roots/kvm-mmu-page-fault-finds-a-valid-root.ts'
import { kvmMmuUnloadLeavesNoRoot } from './roots/kvm-mmu-unload-leaves-no-root.ts'
import { noFreedRootInUse } from './roots/no-freed-root-in-use.ts'
import { noGuestOnARootAfterItsRequest } from './roots/no-guest-on-a-root-after-its-request.ts'
import { noNullPointer } from './roots/no-null-pointer.ts'
import { noObsoleteRootKept } from './roots/no-obsolete-root-kept.ts'
import { noStaleRootUsed } from './roots/no-stale-root-used.ts'
import { onlyObsoleteRootsFreed } from './roots/only-obsolete-roots-freed.ts'
import { validPagesDroppedWithAPaeRoot, rootIsAlsoAChild, wrongChildIsLinked, mappedEntryBecomesMmio, bothMmusHoldRoots, prefaultIsStale, tableIsShadowedForBothValuesOfCr0Wp, tableIsShadowedWithTwoAccesses } from './roots/role-witnesses.ts'
import { rootCountIsNumberOfHolders } from './roots/root-count-is-number-of-holders.ts'
import { rootFitsTheContext } from './roots/root-fits-the-context.ts'
import { childIsOneLevelBelow } from './shadow/child-is-one-level-below.ts'
import { emulationFailsOnlyWhenShadowedAgain } from './shadow/emulation-fails-only-when-shadowed-again.ts'
import { unsyncPageIsSynced, syncMapsWritable, readMakesAPageUnsync, storeToATableIsEmulated, pageIsZappedForWriteFlooding, unsyncPageIsLinkedASecondTime, pageIsZappedUnderALocklessWalk, emulationFailureIsReported, tableIsUnprotectedForADataWrite, zappedRootInUseIsEmulated, hintMissesAPageJustBuilt, hintPromisesAPageJustZapped, storeWaitsInABuffer, storeIsEmulatedWhileNothingIsShadowed, unsyncTablesMapEachOther } from './shadow/guest-pte-witnesses.ts'
import { kvmMmuChildRoleHasAValidParent } from './shadow/kvm-mmu-child-role-has-a-valid-parent.ts'
import { kvmMmuPageSetTranslationFitsADirectPage } from './shadow/kvm-mmu-page-set-translation-fits-a-direct-page.ts'
import { kvmUnlinkUnsyncPageFindsItUnsync } from './shadow/kvm-unlink-unsync-page-finds-it-unsync.ts'
import { leafIsOnItsRmap } from './shadow/leaf-is-on-its-rmap.ts'
import { linkShadowPageFindsNoUnsyncChildren } from './shadow/link-shadow-page-finds-no-unsync-children.ts'
import { mmuSetSpteFindsAMappedLeafOnItsRmap } from './shadow/mmu-set-spte-finds-a-mapped-leaf-on-its-rmap.ts'
import { mmuSpteSetFindsNoPresentSpte } from './shadow/mmu-spte-set-finds-no-present-spte.ts'
import { mmuSpteUpdateKeepsThePfn } from './shadow/mmu-spte-update-keeps-the-pfn.ts'
import { mmuTryToUnsyncPagesFindsLevel1 } from './shadow/mmu-try-to-unsync-pages-finds-level-1.ts'
import { noFlushDebtAtUnlock } from './shadow/no-flush-debt-at-unlock.ts'
import { noFreedSpteOnRmap } from './shadow/no-freed-spte-on-rmap.ts'
import { noLinkToADeadPage } from './shadow/no-link-to-a-dead-page.ts'
import { noNeedlessLock } from './shadow/no-needless-lock.ts'
import { noWalkOfAFreedPage } from './shadow/no-walk-of-a-freed-page.ts'
import { noWritableTlbEntryOfASyncedTable } from './shadow/no-writable-tlb-entry-of-a-synced-table.ts'
import { onePagePerKey } from './shadow/one-page-per-key.ts'
import { pageGoesUnsyncOnce } from './shadow/page-goes-unsync-once.ts'
import { parentLinksMatch } from './shadow/parent-links-match.ts'
import { pteListRemoveFindsItsEntry } from './shadow/pte-list-remove-finds-its-entry.ts'
import { rmapAddFindsNoEntry } from './shadow/rmap-add-finds-no-entry.ts'
import { rmapHoldsPresentSptes } from './shadow/rmap-holds-present-sptes.ts'
import { rmapKeyIsThePagesOwn } from './shadow/rmap-key-is-the-pages-own.ts'
import { shadowedTablesAreCounted } from './shadow/shadowed-tables-are-counted.ts'
import { syncDropsTheLockBetweenRounds, syncInAFaultIsInterrupted, unsyncPageIsZappedForADirectory, syncFailsAndZaps } from './shadow/sync-witnesses.ts'
import { syncedPageAgrees } from './shadow/synced-page-agrees.ts'
import { trackedTableIsNotWritable } from './shadow/tracked-table-is-not-writable.ts'
import { unsyncChildrenAreCounted } from './shadow/unsync-children-are-counted.ts'
import { unsyncPageCanBeFound } from './shadow/unsync-page-can-be-found.ts'
import { writableTableIsUnsync } from './shadow/writable-table-is-unsync.ts'
import { wrongHintCostsOnlyTime } from './shadow/wrong-hint-costs-only-time.ts'
import { wrongHintCostsOneFault, wrongHintIsRepaired, missedGfnIsZappedByOthers, wrongHintEndsInAnEmulationFailure } from './shadow/wrong-hint-is-repaired.ts'
import { kvmTdpMmuPutRootFindsAnInvalidRoot, kvmTdpMmuZapInvalidatedRootsFindsAnInvalidRoot } from './tdp/asserted-tdp-roots.ts'
import { cleanPageIsNotWritable } from './tdp/clean-page-is-not-writable.ts'
import { freedTdpPageMapsNothing } from './tdp/freed-tdp-page-maps-nothing.ts'
import { frozenSpteStaysFrozen } from './tdp/frozen-spte-stays-frozen.ts'
import { kvmTdpMmuMapFindsAValidRoot } from './tdp/kvm-tdp-mmu-map-finds-a-valid-root.ts'
import { noTdpSpteOfALostPage } from './tdp/no-tdp-spte-of-a-lost-page.ts'
import { oneValidTdpRoot } from './tdp/one-valid-tdp-root.ts'
import { tdpMmuMapHandleTargetLevelFindsTheSamePfn } from './tdp/tdp-mmu-map-handle-target-level-finds-the-same-pfn.ts'
import { tdpRootCountIsNumberOfHolders } from './tdp/tdp-root-count-is-number-of-holders.ts'
import { tdpRootWithPresentSptesIsOnTheList } from './tdp/tdp-root-with-present-sptes-is-on-the-list.ts'
import { tdpRootWithoutReferencesIsFreed } from './tdp/tdp-root-without-references-is-freed.ts'
import { zappedTdpRootMapsNothing } from './tdp/zapped-tdp-root-maps-nothing.ts'
import { noModuleCodeAfterItsLastReference } from './teardown/no-module-code-after-its-last-reference.ts'
import { asidIsNotShared, pendingVectorIsReported, emulatedAccessIsNotFromBeforeAFlush } from './vcpu/apart-from-faults.ts'
import { everyAccessCanFinish } from './vcpu/every-access-can-finish.ts'
import { everyAccessFinishes } from './vcpu/every-access-finishes.ts'
import { flushedTranslationIsNotUsed } from './vcpu/flushed-translation-is-not-used.ts'
import { hardwareAllowsNoMoreThanTheGuest } from './vcpu/hardware-allows-no-more-than-the-guest.ts'
import { noInterruptUnnoticed } from './vcpu/no-interrupt-unnoticed.ts'
import { noTlbEntryOfAFreedRoot } from './vcpu/no-tlb-entry-of-a-freed-root.ts'
import { flushFindsASleepingVcpu, entryIsCancelledWithAnInterrupt, entryIsCancelledWithAFlush, hardwareHasAnotherRoot } from './vcpu/request-witnesses.ts'
import { guestIsInterruptedByTheHost, requestFindsAKickedVcpu } from './vcpu/vcpu-witnesses.ts'
import { guestEntersOnARootBeingZapped, staleFaultIsRetried, faultIsRetriedForANotifier, notifierFindsAnInvalidSlot, faultFindsAnInvalidSlot, notifierRunsInALockBreak, mmioSpteIsHonoured, mmioSpteIsOutOfDate, agingHoldsBackAZap } from './witnesses.ts'
import { freedPageIsUnreferenced } from './zap/freed-page-is-unreferenced.ts'
import { kvmZapObsoletePagesFindsNoInvalidPage } from './zap/kvm-zap-obsolete-pages-finds-no-invalid-page.ts'
import { noLeafBelowAnObsoleteRoot } from './zap/no-leaf-below-an-obsolete-root.ts'
import { noNeedlessFlush } from './zap/no-needless-flush.ts'
import { noObsoletePageAfterTheZap } from './zap/no-obsolete-page-after-the-zap.ts'
import { obsoletePagesAreOldest } from './zap/obsolete-pages-are-oldest.ts'
import { pageOnOneList } from './zap/page-on-one-list.ts'
import { reclaimSparesRoots } from './zap/reclaim-spares-roots.ts'
import { zapAllCanFinish } from './zap/zap-all-can-finish.ts'
import { zapAllTerminates } from './zap/zap-all-terminates.ts'

/** All properties, in the order of listings. */
export const properties: readonly Property<Kvm>[] = [
  guestEntersOnARootBeingZapped,
  staleFaultIsRetried,
  faultIsRetriedForANotifier,
  notifierFindsAnInvalidSlot,
  faultFindsAnInvalidSlot,
  notifierRunsInALockBreak,
  mmioSpteIsHonoured,
  mmioSpteIsOutOfDate,
  agingHoldsBackAZap,
  cachedRootIsFound,
  contextFitsTheGuest,
  guestRunsOnADummyRoot,
  dummyRootIsReplaced,
  hardwareWalksTheCurrentRoot,
  kvmMmuPageFaultFindsAValidRoot,
  kvmMmuUnloadLeavesNoRoot,
  noFreedRootInUse,
  noGuestOnARootAfterItsRequest,
  noNullPointer,
  noObsoleteRootKept,
  noStaleRootUsed,
  onlyObsoleteRootsFreed,
  validPagesDroppedWithAPaeRoot,
  rootIsAlsoAChild,
  wrongChildIsLinked,
  mappedEntryBecomesMmio,
  bothMmusHoldRoots,
  prefaultIsStale,
  tableIsShadowedForBothValuesOfCr0Wp,
  tableIsShadowedWithTwoAccesses,
  rootCountIsNumberOfHolders,
  rootFitsTheContext,
  freedPageIsUnreferenced,
  kvmZapObsoletePagesFindsNoInvalidPage,
  noLeafBelowAnObsoleteRoot,
  noNeedlessFlush,
  noObsoletePageAfterTheZap,
  obsoletePagesAreOldest,
  pageOnOneList,
  reclaimSparesRoots,
  zapAllCanFinish,
  zapAllTerminates,
  childIsOneLevelBelow,
  emulationFailsOnlyWhenShadowedAgain,
  unsyncPageIsSynced,
  syncMapsWritable,
  readMakesAPageUnsync,
  storeToATableIsEmulated,
  pageIsZappedForWriteFlooding,
  unsyncPageIsLinkedASecondTime,
  pageIsZappedUnderALocklessWalk,
  emulationFailureIsReported,
  tableIsUnprotectedForADataWrite,
  zappedRootInUseIsEmulated,
  hintMissesAPageJustBuilt,
  hintPromisesAPageJustZapped,
  storeWaitsInABuffer,
  storeIsEmulatedWhileNothingIsShadowed,
  unsyncTablesMapEachOther,
  kvmMmuChildRoleHasAValidParent,
  kvmMmuPageSetTranslationFitsADirectPage,
  kvmUnlinkUnsyncPageFindsItUnsync,
  leafIsOnItsRmap,
  linkShadowPageFindsNoUnsyncChildren,
  mmuSetSpteFindsAMappedLeafOnItsRmap,
  mmuSpteSetFindsNoPresentSpte,
  mmuSpteUpdateKeepsThePfn,
  mmuTryToUnsyncPagesFindsLevel1,
  noFlushDebtAtUnlock,
  noFreedSpteOnRmap,
  noLinkToADeadPage,
  noNeedlessLock,
  noWalkOfAFreedPage,
  noWritableTlbEntryOfASyncedTable,
  onePagePerKey,
  pageGoesUnsyncOnce,
  parentLinksMatch,
  pteListRemoveFindsItsEntry,
  rmapAddFindsNoEntry,
  rmapHoldsPresentSptes,
  rmapKeyIsThePagesOwn,
  shadowedTablesAreCounted,
  syncDropsTheLockBetweenRounds,
  syncInAFaultIsInterrupted,
  unsyncPageIsZappedForADirectory,
  syncFailsAndZaps,
  syncedPageAgrees,
  trackedTableIsNotWritable,
  unsyncChildrenAreCounted,
  unsyncPageCanBeFound,
  writableTableIsUnsync,
  wrongHintCostsOnlyTime,
  wrongHintCostsOneFault,
  wrongHintIsRepaired,
  missedGfnIsZappedByOthers,
  wrongHintEndsInAnEmulationFailure,
  pageIsPrefaulted,
  pageArrivesInAnotherContext,
  processEndsWhileAPageIsSwappedIn,
  guestIsToldOfItsOwnFaultsOnly,
  mmioSpteIsFresh,
  noAccessTakenByAFault,
  noFaultRetriedForEver,
  noStoreThatTheGuestForbids,
  pageIsPrefaultedInItsOwnContext,
  twoVcpusUnsyncAtOnce,
  kvmTdpMmuPutRootFindsAnInvalidRoot,
  kvmTdpMmuZapInvalidatedRootsFindsAnInvalidRoot,
  cleanPageIsNotWritable,
  freedTdpPageMapsNothing,
  frozenSpteStaysFrozen,
  kvmTdpMmuMapFindsAValidRoot,
  noTdpSpteOfALostPage,
  oneValidTdpRoot,
  tdpMmuMapHandleTargetLevelFindsTheSamePfn,
  tdpRootCountIsNumberOfHolders,
  tdpRootWithPresentSptesIsOnTheList,
  tdpRootWithoutReferencesIsFreed,
  zappedTdpRootMapsNothing,
  slotZapFreesPagesOfTwoGfnsAtOnce,
  memslotsAreInstalledBetweenInvalidations,
  noSpteOfAFreedSlot,
  nothingAddedToAnInvalidSlot,
  readOnlySlotIsMapped,
  writeToAReadOnlySlotIsEmulated,
  apicPageBelongsToTheVm,
  frameIsMappedByItsAttribute,
  invalidationsAreBalanced,
  kvmMmuInvalidateEndFindsARange,
  kvmUnmapGfnRangeIsInsideAnInvalidation,
  privatePageIsMapped,
  faultFindsAnotherAttribute,
  faultIsRetriedForAnAttribute,
  noInstallDuringInvalidation,
  noMappingOfALostPage,
  absentPageIsInvalidated,
  samePageIsMappedAgain,
  faultIsRetriedForItsOwnNotifier,
  agingHoldsBackANotifier,
  rangeIsUnmappedInTwoSections,
  tdpRangeIsUnmappedInTwoSections,
  flushIsOwedFromOneSlotToTheNext,
  pfnCacheReachesThePageOfItsFrame,
  validPfnCacheIsActive,
  pfnCacheLockIsHeldInItsSections,
  pfnCacheUserCanFinish,
  pfnCacheIsRefreshedAgain,
  pfnCacheIsRefreshedAgainForAnotherPage,
  sharedPageIsNotWritable,
  noAccessConsumedInSilence,
  rmapIsAgedUnderALock,
  agingChangesTheAccessedBitOnly,
  accessIsSeenBeforeEviction,
  accessIsSeenByTheWalk,
  bothKindsOfRootsAreAged,
  lockedRmapDoesNotChange,
  storeComesBeforeTheFlush,
  pageIsWrittenAgain,
  pageIsWrittenBeforeItsBitIsSet,
  readMarksAPageDirty,
  largeSpteIsDropped,
  faultMapsAPageWithoutTheLog,
  faultRunsInABreakOfTheWriteProtection,
  noDirtyPageLost,
  noWriteMissingFromTheDirtyLog,
  asidIsNotShared,
  pendingVectorIsReported,
  emulatedAccessIsNotFromBeforeAFlush,
  everyAccessCanFinish,
  everyAccessFinishes,
  flushedTranslationIsNotUsed,
  hardwareAllowsNoMoreThanTheGuest,
  noInterruptUnnoticed,
  noTlbEntryOfAFreedRoot,
  flushFindsASleepingVcpu,
  entryIsCancelledWithAnInterrupt,
  entryIsCancelledWithAFlush,
  hardwareHasAnotherRoot,
  guestIsInterruptedByTheHost,
  requestFindsAKickedVcpu,
  ...assertedCounters,
  noDeadlock,
  noRequestUnnoticedInGuestMode,
  noTranslationFromBeforeAFlush,
  noUseAfterFree,
  requestIsServiced,
  vcpuModeChangesAsAgreed,
  noModuleCodeAfterItsLastReference,
]
