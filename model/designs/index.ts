// Written by `npm run register` from what the files beside it export; not edited by hand.
import type { Kvm } from '../memory/kvm.ts'
import { agingDesigns } from './aging/aging.ts'
import { bitmapAgingDesigns } from './aging/bitmap-aging.ts'
import { frozenSpteDesigns } from './aging/frozen-sptes.ts'
import type { Design } from './design.ts'
import { dirtyLogDesigns } from './dirty-log/dirty-log.ts'
import { enableDirtyLogDesigns } from './dirty-log/enable-dirty-log.ts'
import { accessDesigns } from './fault/access.ts'
import { asyncPfDesigns } from './fault/async-pf.ts'
import { fastPageFaultDesigns } from './fault/fast-page-fault.ts'
import { mmioGenerationDesigns } from './fault/mmio-generation.ts'
import { guestMemfdDesigns } from './memslots/guest-memfd.ts'
import { readOnlySlotDesigns } from './memslots/read-only-slot.ts'
import { slotDeletionDesigns } from './memslots/slot-deletion.ts'
import { slotMoveDesigns } from './memslots/slot-move.ts'
import { apicPageDesigns } from './notifier/apic-page.ts'
import { memoryAttributesDesigns } from './notifier/memory-attributes.ts'
import { notifierDesigns } from './notifier/notifiers.ts'
import { pfnCacheDesigns } from './notifier/pfn-caches.ts'
import { rangeDesigns } from './notifier/ranges.ts'
import { assertedCounterDesigns } from './primitives/asserted-counters.ts'
import { storeBufferDesigns } from './primitives/store-buffers.ts'
import { cr0WpDesigns } from './roots/cr0-wp.ts'
import { dummyRootDesigns } from './roots/dummy-roots.ts'
import { hardwareRootDesigns } from './roots/hardware-root.ts'
import { obsoleteRootDesigns } from './roots/obsolete-roots.ts'
import { roleKeyDesigns } from './roots/role-keys.ts'
import { rootCalibrationDesigns } from './roots/roots-calibration.ts'
import { rootsWithoutPageDesigns } from './roots/roots-without-page.ts'
import { assertedSpteDesigns } from './shadow/asserted-sptes.ts'
import { ownTableDesigns } from './shadow/own-table.ts'
import { syncRoundDesigns } from './shadow/sync-rounds.ts'
import { unexpectedChildDesigns } from './shadow/unexpected-child.ts'
import { unlockedWalkDesigns } from './shadow/unlocked-walk.ts'
import { unprotectDesigns } from './shadow/unprotect.ts'
import { unsyncLockDesigns } from './shadow/unsync-lock.ts'
import { unsyncDesigns } from './shadow/unsync.ts'
import { writeProtectionDesigns } from './shadow/write-protection.ts'
import { tdpCompositeDesigns } from './tdp/tdp-composites.ts'
import { tdpDirtyLogDesigns } from './tdp/tdp-dirty-log.ts'
import { tdpIteratorDesigns } from './tdp/tdp-iterator.ts'
import { tdpRootDesigns } from './tdp/tdp-roots.ts'
import { tdpTableDesigns } from './tdp/tdp-tables.ts'
import { vmTeardownDesigns } from './teardown/vm-teardown.ts'
import { upstream } from './upstream.ts'
import { apartFromFaultsDesigns } from './vcpu/apart-from-faults.ts'
import { requestDesigns } from './vcpu/requests.ts'
import { fastInvalidateDesigns } from './zap/fast-invalidate.ts'
import { reclaimDesigns } from './zap/reclaim.ts'
import { zapAllDesigns } from './zap/zap-all.ts'
import { zappingDesigns } from './zap/zapping.ts'

/** All designs, in the order of listings; `upstream` is the model without patches. */
export const designs: readonly Design<Kvm>[] = [
  upstream,
  ...cr0WpDesigns,
  ...dummyRootDesigns,
  ...hardwareRootDesigns,
  ...obsoleteRootDesigns,
  ...roleKeyDesigns,
  ...rootCalibrationDesigns,
  ...rootsWithoutPageDesigns,
  ...fastInvalidateDesigns,
  ...reclaimDesigns,
  ...zapAllDesigns,
  ...zappingDesigns,
  ...assertedSpteDesigns,
  ...ownTableDesigns,
  ...syncRoundDesigns,
  ...unexpectedChildDesigns,
  ...unlockedWalkDesigns,
  ...unprotectDesigns,
  ...unsyncLockDesigns,
  ...unsyncDesigns,
  ...writeProtectionDesigns,
  ...accessDesigns,
  ...asyncPfDesigns,
  ...fastPageFaultDesigns,
  ...mmioGenerationDesigns,
  ...tdpCompositeDesigns,
  ...tdpDirtyLogDesigns,
  ...tdpIteratorDesigns,
  ...tdpRootDesigns,
  ...tdpTableDesigns,
  ...guestMemfdDesigns,
  ...readOnlySlotDesigns,
  ...slotDeletionDesigns,
  ...slotMoveDesigns,
  ...apicPageDesigns,
  ...memoryAttributesDesigns,
  ...notifierDesigns,
  ...pfnCacheDesigns,
  ...rangeDesigns,
  ...agingDesigns,
  ...bitmapAgingDesigns,
  ...frozenSpteDesigns,
  ...dirtyLogDesigns,
  ...enableDirtyLogDesigns,
  ...apartFromFaultsDesigns,
  ...requestDesigns,
  ...assertedCounterDesigns,
  ...storeBufferDesigns,
  ...vmTeardownDesigns,
]
