import type { Property } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { cachedRootIsFound } from './cached-root-is-found.ts'
import { contextFitsTheGuest } from './context-fits-the-guest.ts'
import { freedPageIsUnreferenced } from './freed-page-is-unreferenced.ts'
import { leafIsOnItsRmap } from './leaf-is-on-its-rmap.ts'
import { noFaultRetriedForEver } from './no-fault-retried-for-ever.ts'
import { noNullPointer } from './no-null-pointer.ts'
import { onePagePerKey } from './one-page-per-key.ts'
import { reclaimSparesRoots } from './reclaim-spares-roots.ts'
import { rmapHoldsPresentSptes } from './rmap-holds-present-sptes.ts'
import { rmapKeyIsThePagesOwn } from './rmap-key-is-the-pages-own.ts'
import {
  bothMmusHoldRoots,
  mappedEntryBecomesMmio,
  prefaultIsStale,
  rootIsAlsoAChild,
  validPagesDroppedWithAPaeRoot,
  wrongChildIsLinked,
} from './role-witnesses.ts'
import { rootFitsTheContext } from './root-fits-the-context.ts'

/** Properties of the keys under which pages, roots and SPTEs are found again, and of quotas. */
export const roleProperties: readonly Property<Kvm>[] = [
  rootFitsTheContext,
  contextFitsTheGuest,
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
]
