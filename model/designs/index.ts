import type { Kvm } from '../memory/kvm.ts'
import { accessDesigns } from './access.ts'
import { agingDesigns } from './aging.ts'
import { assertedCounterDesigns } from './asserted-counters.ts'
import { asyncPfDesigns } from './async-pf.ts'
import type { Design } from './design.ts'
import { dirtyLogDesigns } from './dirty-log.ts'
import { enableDirtyLogDesigns } from './enable-dirty-log.ts'
import { fastInvalidateDesigns } from './fast-invalidate.ts'
import { fastPageFaultDesigns } from './fast-page-fault.ts'
import { guestTableDesigns } from './guest-tables.ts'
import { mmioGenerationDesigns } from './mmio-generation.ts'
import { notifierDesigns } from './notifiers.ts'
import { obsoleteRootDesigns } from './obsolete-roots.ts'
import { ownTableDesigns } from './own-table.ts'
import { reclaimDesigns } from './reclaim.ts'
import { roleKeyDesigns } from './role-keys.ts'
import { rootCalibrationDesigns } from './roots-calibration.ts'
import { rootsWithoutPageDesigns } from './roots-without-page.ts'
import { slotDeletionDesigns } from './slot-deletion.ts'
import { slotMoveDesigns } from './slot-move.ts'
import { unexpectedChildDesigns } from './unexpected-child.ts'
import { unlockedWalkDesigns } from './unlocked-walk.ts'
import { unsyncLockDesigns } from './unsync-lock.ts'
import { upstream } from './upstream.ts'
import { vmTeardownDesigns } from './vm-teardown.ts'
import { zapAllDesigns } from './zap-all.ts'

/** All designs, in the order of listings; `upstream` is the model without patches. */
export const designs: readonly Design<Kvm>[] = [
  upstream,
  ...obsoleteRootDesigns,
  ...rootCalibrationDesigns,
  ...notifierDesigns,
  ...fastInvalidateDesigns,
  ...slotDeletionDesigns,
  ...slotMoveDesigns,
  ...zapAllDesigns,
  ...guestTableDesigns,
  ...unlockedWalkDesigns,
  ...agingDesigns,
  ...roleKeyDesigns,
  ...accessDesigns,
  ...ownTableDesigns,
  ...rootsWithoutPageDesigns,
  ...unexpectedChildDesigns,
  ...reclaimDesigns,
  ...mmioGenerationDesigns,
  ...unsyncLockDesigns,
  ...asyncPfDesigns,
  ...dirtyLogDesigns,
  ...enableDirtyLogDesigns,
  ...fastPageFaultDesigns,
  ...vmTeardownDesigns,
  ...assertedCounterDesigns,
]
