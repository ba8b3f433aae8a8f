import type { Property } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { cachedRootIsFound } from './cached-root-is-found.ts'
import { contextFitsTheGuest } from './context-fits-the-guest.ts'
import { freedPageIsUnreferenced } from './freed-page-is-unreferenced.ts'
import { hardwareAllowsNoMoreThanTheGuest } from './hardware-allows-no-more-than-the-guest.ts'
import { leafIsOnItsRmap } from './leaf-is-on-its-rmap.ts'
import { noAccessTakenByAFault } from './no-access-taken-by-a-fault.ts'
import { noFaultRetriedForEver } from './no-fault-retried-for-ever.ts'
import { noNullPointer } from './no-null-pointer.ts'
import { noStoreThatTheGuestForbids } from './no-store-that-the-guest-forbids.ts'
import { onePagePerKey } from './one-page-per-key.ts'
import { reclaimSparesRoots } from './reclaim-spares-roots.ts'
import { rmapHoldsPresentSptes } from './rmap-holds-present-sptes.ts'
import { rmapKeyIsThePagesOwn } from './rmap-key-is-the-pages-own.ts'
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
