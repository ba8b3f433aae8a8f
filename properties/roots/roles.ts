import type { Property } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { noAccessTakenByAFault } from '../fault/no-access-taken-by-a-fault.ts'
import { noFaultRetriedForEver } from '../fault/no-fault-retried-for-ever.ts'
import { noStoreThatTheGuestForbids } from '../fault/no-store-that-the-guest-forbids.ts'
import { leafIsOnItsRmap } from '../shadow/leaf-is-on-its-rmap.ts'
import { onePagePerKey } from '../shadow/one-page-per-key.ts'
import { rmapHoldsPresentSptes } from '../shadow/rmap-holds-present-sptes.ts'
import { rmapKeyIsThePagesOwn } from '../shadow/rmap-key-is-the-pages-own.ts'
import { hardwareAllowsNoMoreThanTheGuest } from '../vcpu/hardware-allows-no-more-than-the-guest.ts'
import { freedPageIsUnreferenced } from '../zap/freed-page-is-unreferenced.ts'
import { reclaimSparesRoots } from '../zap/reclaim-spares-roots.ts'
import { cachedRootIsFound } from './cached-root-is-found.ts'
import { contextFitsTheGuest } from './context-fits-the-guest.ts'
import { noNullPointer } from './no-null-pointer.ts'
import {
  bothMmusHoldRoots,
  mappedEntryBecomesMmio,
  prefaultIsStale,
  rootIsAlsoAChild,
  tableIsShadowedWithTwoAccesses,
  validPagesDroppedWithAPaeRoot,
  wrongChildIsLinked,
} from './role-witnesses.ts'
import { rootFitsTheContext } from './root-fits-the-context.ts'

/** Properties of the keys under which pages, roots and SPTEs are found again, and of quotas. */
export const roleProperties: readonly Property<Kvm>[] = [
  rootFitsTheContext,
  contextFitsTheGuest,
  noStoreThatTheGuestForbids,
  hardwareAllowsNoMoreThanTheGuest,
  noAccessTakenByAFault,
  rmapKeyIsThePagesOwn,
  leafIsOnItsRmap,
  rmapHoldsPresentSptes,
  freedPageIsUnreferenced,
  cachedRootIsFound,
  onePagePerKey,
  reclaimSparesRoots,
  noFaultRetriedForEver,
  noNullPointer,
  validPagesDroppedWithAPaeRoot,
  rootIsAlsoAChild,
  wrongChildIsLinked,
  mappedEntryBecomesMmio,
  bothMmusHoldRoots,
  prefaultIsStale,
  tableIsShadowedWithTwoAccesses,
]
