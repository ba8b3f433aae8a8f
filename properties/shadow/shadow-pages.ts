import type { Property } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { requestIsServiced } from '../primitives/request-is-serviced.ts'
import { flushedTranslationIsNotUsed } from '../vcpu/flushed-translation-is-not-used.ts'
import { noNeedlessFlush } from '../zap/no-needless-flush.ts'
import { childIsOneLevelBelow } from './child-is-one-level-below.ts'
import {
  emulationFailureIsReported,
  hintMissesAPageJustBuilt,
  hintPromisesAPageJustZapped,
  pageIsZappedForWriteFlooding,
  pageIsZappedUnderALocklessWalk,
  storeIsEmulatedWhileNothingIsShadowed,
  storeToATableIsEmulated,
  storeWaitsInABuffer,
  unsyncPageIsLinkedASecondTime,
  unsyncPageIsSynced,
  unsyncTablesMapEachOther,
} from './edit-witnesses.ts'
import { emulationFailsOnlyWhenShadowedAgain } from './emulation-fails-only-when-shadowed-again.ts'
import { noLinkToADeadPage } from './no-link-to-a-dead-page.ts'
import { noNeedlessLock } from './no-needless-lock.ts'
import { noWalkOfAFreedPage } from './no-walk-of-a-freed-page.ts'
import { noWritableTlbEntryOfASyncedTable } from './no-writable-tlb-entry-of-a-synced-table.ts'
import { parentLinksMatch } from './parent-links-match.ts'
import { shadowedTablesAreCounted } from './shadowed-tables-are-counted.ts'
import { syncedPageAgrees } from './synced-page-agrees.ts'
import { trackedTableIsNotWritable } from './tracked-table-is-not-writable.ts'
import { unsyncPageCanBeFound } from './unsync-page-can-be-found.ts'
import { writableTableIsUnsync } from './writable-table-is-unsync.ts'
import { wrongHintCostsOnlyTime } from './wrong-hint-costs-only-time.ts'

/** Properties of shadow pages and of what the guest does to the tables behind them. */
export const shadowPageProperties: readonly Property<Kvm>[] = [
  syncedPageAgrees,
  flushedTranslationIsNotUsed,
  trackedTableIsNotWritable,
  writableTableIsUnsync,
  noWritableTlbEntryOfASyncedTable,
  unsyncPageCanBeFound,
  parentLinksMatch,
  childIsOneLevelBelow,
  noLinkToADeadPage,
  noWalkOfAFreedPage,
  shadowedTablesAreCounted,
  emulationFailsOnlyWhenShadowedAgain,
  wrongHintCostsOnlyTime,
  requestIsServiced,
  noNeedlessLock,
  noNeedlessFlush,
  unsyncPageIsSynced,
  unsyncTablesMapEachOther,
  storeToATableIsEmulated,
  pageIsZappedForWriteFlooding,
  unsyncPageIsLinkedASecondTime,
  pageIsZappedUnderALocklessWalk,
  emulationFailureIsReported,
  hintMissesAPageJustBuilt,
  hintPromisesAPageJustZapped,
  storeWaitsInABuffer,
  storeIsEmulatedWhileNothingIsShadowed,
]
