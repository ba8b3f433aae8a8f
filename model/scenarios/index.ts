// Written by `npm run register` from what the files beside it export; not edited by hand.
import type { Kvm } from '../memory/kvm.ts'
import { agingScenarios } from './aging/aging.ts'
import { compositeScenarios } from './composites.ts'
import { dirtyLogScenarios } from './dirty-log/dirty-log.ts'
import { accessScenarios } from './fault/access.ts'
import { asyncPfScenarios } from './fault/async-pf.ts'
import { concurrentFaultScenarios } from './fault/concurrent-faults.ts'
import { staleFaultScenarios } from './fault/stale-faults.ts'
import { tdpFaultScenarios } from './fault/tdp-faults.ts'
import { guestMemfdScenarios } from './memslots/guest-memfd.ts'
import { readOnlySlotScenarios } from './memslots/read-only-slot.ts'
import { slotCreateScenarios } from './memslots/slot-create.ts'
import { slotMoveScenarios } from './memslots/slot-move.ts'
import { slotScenarios } from './memslots/slots.ts'
import { apicPageScenarios } from './notifier/apic-page.ts'
import { memoryAttributesScenarios } from './notifier/memory-attributes.ts'
import { notifierScenarios } from './notifier/notifiers.ts'
import { pfnCacheScenarios } from './notifier/pfn-caches.ts'
import { storeBufferScenarios } from './primitives/store-buffers.ts'
import { hardwareRootScenarios } from './roots/hardware-root.ts'
import { roleScenarios } from './roots/roles.ts'
import { rootScenarios } from './roots/roots.ts'
import type { Scenario } from './scenario.ts'
import { guestPteWriteScenarios } from './shadow/guest-pte-writes.ts'
import { ownTableScenarios } from './shadow/own-table.ts'
import { replacedTableScenarios } from './shadow/replaced-table.ts'
import { unexpectedChildScenarios } from './shadow/unexpected-child.ts'
import { unlockedWalkScenarios } from './shadow/unlocked-walk.ts'
import { unprotectScenarios } from './shadow/unprotect.ts'
import { unsyncScenarios } from './shadow/unsync.ts'
import { wrongHintScenarios } from './shadow/wrong-hints.ts'
import { tdpCompositeScenarios } from './tdp/tdp-composites.ts'
import { tdpDirtyLogScenarios } from './tdp/tdp-dirty-log.ts'
import { tdpRootScenarios } from './tdp/tdp-roots.ts'
import { apartFromFaultsScenarios } from './vcpu/apart-from-faults.ts'
import { requestScenarios } from './vcpu/requests.ts'
import { quotaScenarios } from './zap/quota.ts'
import { zapAllScenarios } from './zap/zap-all.ts'

/** All scenarios, in the order of listings. */
export const scenarios: readonly Scenario<Kvm>[] = [
  ...compositeScenarios,
  ...hardwareRootScenarios,
  ...roleScenarios,
  ...rootScenarios,
  ...quotaScenarios,
  ...zapAllScenarios,
  ...guestPteWriteScenarios,
  ...ownTableScenarios,
  ...replacedTableScenarios,
  ...unexpectedChildScenarios,
  ...unlockedWalkScenarios,
  ...unprotectScenarios,
  ...unsyncScenarios,
  ...wrongHintScenarios,
  ...accessScenarios,
  ...asyncPfScenarios,
  ...concurrentFaultScenarios,
  ...staleFaultScenarios,
  ...tdpFaultScenarios,
  ...tdpCompositeScenarios,
  ...tdpDirtyLogScenarios,
  ...tdpRootScenarios,
  ...guestMemfdScenarios,
  ...readOnlySlotScenarios,
  ...slotCreateScenarios,
  ...slotMoveScenarios,
  ...slotScenarios,
  ...apicPageScenarios,
  ...memoryAttributesScenarios,
  ...notifierScenarios,
  ...pfnCacheScenarios,
  ...agingScenarios,
  ...dirtyLogScenarios,
  ...apartFromFaultsScenarios,
  ...requestScenarios,
  ...storeBufferScenarios,
]
