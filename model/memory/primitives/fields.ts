import { when } from '../../language/program.ts'
import {
  array,
  flag,
  oneOf,
  range,
  ref,
  type SetShape,
  setOf,
  setOfNames,
  struct,
  type View,
} from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'
import { optional } from '../optional.ts'
import type { Sorts } from '../sorts.ts'

/** A guest page-table entry: the frame it points at (none: not present) and the write permission. */
export const gpte = (sorts: Sorts, bounds: Bounds) =>
  struct({
    to: ref(sorts.gfn),
    w: flag,
    /** The page-size bit: `to` is the first of the frames that the entry maps. */
    huge: optional(bounds.guest.huge, flag),
    /** D: KVM's walk sets it before a write is mapped writable. */
    dirty: optional(bounds.shadow.accessRoles, flag),
  })

export type Gpte = View<ReturnType<typeof gpte>>

/** The contents of the guest frames that are page tables. */
export const guestTables = (sorts: Sorts, bounds: Bounds) =>
  array(bounds.guest.tables, array(sorts.index, gpte(sorts, bounds)))

/**
 * The store buffer of a vCPU's CPU (x86-TSO): a store waits in it while later loads from other locations
 * complete. One entry is enough for the MMU's Dekker pairs, in which each side stores to one location and loads
 * the other's; a second store pushes the first one out, so stores become visible in order. Locked instructions,
 * fences, VM-entry and VM-exit empty it.
 *
 * Only the stores of those pairs go through it. Every other visible store of the same CPU calls `drain()`
 * first, because it must not overtake them.
 */
export const storeBuffer = (sorts: Sorts, bounds: Bounds) =>
  array(
    bounds.memoryOrder.storeBuffers ? 1 : 0,
    struct({
      holds: oneOf('nothing', 'mode', 'indirect_shadow_pages', 'gpte'),
      mode: oneOf('IN_GUEST_MODE', 'READING_SHADOW_PAGE_TABLES'),
      count: range(0, bounds.shadow.pages),
      /** Entry `index` of the guest table in frame `table` := (to, w). */
      table: ref(sorts.gfn),
      index: ref(sorts.index),
      to: ref(sorts.gfn),
      w: flag,
    }),
  )

/** Requests to a vCPU. Only the vCPU itself requests MMU_SYNC, LOAD_MMU_PGD and TLB_FLUSH_CURRENT. */
export type Request =
  | 'FREE_OBSOLETE_ROOTS'
  | 'TLB_FLUSH'
  | 'MMU_SYNC'
  | 'LOAD_MMU_PGD'
  | 'TLB_FLUSH_CURRENT'
  | 'EVENT'
  | 'APIC_PAGE_RELOAD'

/** vcpu->requests: the bits that a scenario has a use for. */
export const requestBits = ({ requests, apicPage }: Bounds): SetShape<Request> =>
  setOfNames<readonly Request[]>(
    'FREE_OBSOLETE_ROOTS',
    'TLB_FLUSH',
    'MMU_SYNC',
    ...when(requests.hardwareRoot, 'LOAD_MMU_PGD' as const),
    ...when(requests.flushOnReuse, 'TLB_FLUSH_CURRENT' as const),
    ...when(requests.interrupts > 0, 'EVENT' as const),
    ...when(apicPage.gfn !== undefined, 'APIC_PAGE_RELOAD' as const),
  )

/** An interrupt that a device sends: the vCPU that it is for, while it is on its way. */
export const device = (sorts: Sorts, bounds: Bounds) =>
  struct({ left: range(0, bounds.requests.interrupts), req: requester(sorts) })

/** Local variables of kvm_make_all_cpus_request() in a thread that calls it. */
export const requester = (sorts: Sorts) =>
  struct({
    /** vCPUs not visited yet. */
    todo: setOf(sorts.vcpu),
    /** The vCPU whose request bit was set and whose mode is read next. */
    now: ref(sorts.vcpu),
    /** vCPUs to send an IPI to. */
    ipis: setOf(sorts.vcpu),
  })

export type Requester = View<ReturnType<typeof requester>>
