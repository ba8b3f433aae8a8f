import type { Kvm } from '../memory/kvm.ts'
import { accessScenarios } from './access.ts'
import { agingScenarios } from './aging.ts'
import { asyncPfScenarios } from './async-pf.ts'
import { compositeScenarios } from './composites.ts'
import { dirtyLogScenarios } from './dirty-log.ts'
import { editScenarios } from './edits.ts'
import { notifierScenarios } from './notifiers.ts'
import { ownTableScenarios } from './own-table.ts'
import { quotaScenarios } from './quota.ts'
import { roleScenarios } from './roles.ts'
import { rootScenarios } from './roots.ts'
import type { Scenario } from './scenario.ts'
import { slotCreateScenarios } from './slot-create.ts'
import { slotMoveScenarios } from './slot-move.ts'
import { slotScenarios } from './slots.ts'
import { staleFaultScenarios } from './stale-faults.ts'
import { storeBufferScenarios } from './store-buffers.ts'
import { tdpFaultScenarios } from './tdp-faults.ts'
import { unexpectedChildScenarios } from './unexpected-child.ts'
import { unlockedWalkScenarios } from './unlocked-walk.ts'
import { unprotectScenarios } from './unprotect.ts'
import { unsyncScenarios } from './unsync.ts'
import { wrongHintScenarios } from './wrong-hints.ts'
import { zapAllScenarios } from './zap-all.ts'

/** All scenarios, in the order of listings. */
export const scenarios: readonly Scenario<Kvm>[] = [
  ...rootScenarios,
  ...notifierScenarios,
  ...slotScenarios,
  ...zapAllScenarios,
  ...slotMoveScenarios,
  ...slotCreateScenarios,
  ...unlockedWalkScenarios,
  ...agingScenarios,
  ...unsyncScenarios,
  ...editScenarios,
  ...unprotectScenarios,
  ...storeBufferScenarios,
  ...wrongHintScenarios,
  ...roleScenarios,
  ...accessScenarios,
  ...ownTableScenarios,
  ...unexpectedChildScenarios,
  ...staleFaultScenarios,
  ...quotaScenarios,
  ...tdpFaultScenarios,
  ...asyncPfScenarios,
  ...dirtyLogScenarios,
  ...compositeScenarios,
]
