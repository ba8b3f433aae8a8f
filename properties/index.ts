import type { Property } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { everyAccessCanFinish } from './every-access-can-finish.ts'
import { noDeadlock } from './no-deadlock.ts'
import { noFreedRootInUse } from './no-freed-root-in-use.ts'
import { noGuestOnARootAfterItsRequest } from './no-guest-on-a-root-after-its-request.ts'
import { noLeafBelowAnObsoleteRoot } from './no-leaf-below-an-obsolete-root.ts'
import { noObsoleteRootKept } from './no-obsolete-root-kept.ts'
import { noRequestUnnoticedInGuestMode } from './no-request-unnoticed-in-guest-mode.ts'
import { noStaleRootUsed } from './no-stale-root-used.ts'
import { noTlbEntryOfAFreedRoot } from './no-tlb-entry-of-a-freed-root.ts'
import { onlyObsoleteRootsFreed } from './only-obsolete-roots-freed.ts'
import { pageOnOneList } from './page-on-one-list.ts'
import { rootCountIsNumberOfHolders } from './root-count-is-number-of-holders.ts'
import { guestEntersOnARootBeingZapped, staleFaultIsRetried } from './witnesses.ts'
import { zapAllCanFinish } from './zap-all-can-finish.ts'

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
  everyAccessCanFinish,
  zapAllCanFinish,
  noDeadlock,
  guestEntersOnARootBeingZapped,
  staleFaultIsRetried,
]
