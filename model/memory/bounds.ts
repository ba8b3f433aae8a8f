import { z } from 'zod'
import { agingOptions } from './aging/options.ts'
import { dirtyLogOptions } from './dirty-log/options.ts'
import { asyncPfOptions, faultOptions } from './fault/options.ts'
import { guestMemfdOptions, memslotsOptions } from './memslots/options.ts'
import {
  apicPageOptions,
  attributesOptions,
  hostOptions,
  notifierOptions,
  pfnCacheOptions,
} from './notifier/options.ts'
import { memoryOrderOptions, requestsOptions } from './primitives/options.ts'
import { rootsOptions } from './roots/options.ts'
import {
  externalWriterOptions,
  shadowOptions,
  unprotectOptions,
  writeTrackingOptions,
} from './shadow/options.ts'
import { tdpOptions } from './tdp/options.ts'
import { teardownOptions } from './teardown/options.ts'
import {
  asidOptions,
  guestOptions,
  nestedOptions,
  paravirtualFlushOptions,
  postedInterruptOptions,
} from './vcpu/options.ts'
import { zapOptions } from './zap/options.ts'

/**
 * How many of everything a scenario has, by subsystem. A group that is left out is off: what belongs to it
 * takes no state.
 */
export const boundsSchema = z.strictObject({
  vcpus: z
    .int()
    .min(1)
    .max(4)
    .default(1)
    .describe('Virtual CPUs, each with its guest and a hardware page walker.'),
  guest: guestOptions.prefault({}),
  host: hostOptions.prefault({}),
  shadow: shadowOptions.prefault({}),
  roots: rootsOptions.prefault({}),
  zap: zapOptions.prefault({}),
  memslots: memslotsOptions.prefault({}),
  notifier: notifierOptions,
  attributes: attributesOptions,
  pfnCache: pfnCacheOptions.prefault({}),
  apicPage: apicPageOptions.prefault({}),
  aging: agingOptions.prefault({}),
  dirtyLog: dirtyLogOptions.prefault({}),
  fault: faultOptions.prefault({}),
  tdp: tdpOptions.prefault({}),
  asyncPf: asyncPfOptions.prefault({}),
  nested: nestedOptions.prefault({}),
  unprotect: unprotectOptions.prefault({}),
  writeTracking: writeTrackingOptions.prefault({}),
  externalWriter: externalWriterOptions.prefault({}),
  memoryOrder: memoryOrderOptions.prefault({}),
  requests: requestsOptions.prefault({}),
  teardown: teardownOptions.prefault({}),
  guestMemfd: guestMemfdOptions.prefault({}),
  asids: asidOptions.prefault({}),
  postedInterrupts: postedInterruptOptions.prefault({}),
  paravirtualFlush: paravirtualFlushOptions.prefault({}),
})

/** All bounds of a scenario, those that it leaves out included. */
export type Bounds = z.output<typeof boundsSchema>

/** Bounds as a scenario writes them. */
export type BoundsInput = z.input<typeof boundsSchema>

/**
 * Fills in the defaults: what is left out is off.
 * @throws ZodError for bounds out of range.
 */
export function allBounds(given: BoundsInput): Bounds {
  return boundsSchema.parse(given)
}

/** Merges bounds group by group; later values override earlier ones. */
export function mergeBounds<B extends BoundsInput = BoundsInput>(...all: readonly NoInfer<B>[]): B {
  const merged: Record<string, unknown> = {}
  for (const bounds of all) {
    for (const [name, value] of Object.entries(bounds)) {
      const before = merged[name]
      merged[name] = typeof value === 'object' && typeof before === 'object' ? { ...before, ...value } : value
    }
  }
  return merged as B
}

/** Whether the VM has no shadow pages: L1 runs on the TDP MMU, and there is no L2. */
export function has_only_tdp({ tdp, nested }: Bounds): boolean {
  return tdp.on && nested.mmus === 1 && !nested.guestMode
}

/** Whether vCPUs that hold mmu_lock for read may mark shadow pages unsync: L1 writes to the tables of L2. */
export function unsyncs_under_read_lock(bounds: Bounds): boolean {
  return bounds.tdp.on && !has_only_tdp(bounds)
}

/** Whether the guest can write to its page tables; otherwise there is no write to track. */
export function watched({ guest, unprotect }: Bounds): boolean {
  return guest.edits.length > 0 || unprotect.stores.length > 0
}

/** Whether a vCPU may zap an unsync page: when it builds a page above level 1, or if a sync cannot read the table. */
export function zaps_unsync_pages(bounds: Bounds): boolean {
  return watched(bounds) && (bounds.shadow.levels > 1 || tables_change_slots(bounds))
}

/** Whether the set of memslots changes, so that vCPUs look slots up and are readers of kvm->srcu. */
export function slots_change({ memslots, dirtyLog }: Bounds): boolean {
  return memslots.deletes + memslots.creates + memslots.moves > 0 || dirtyLog.enables
}

/**
 * Whether something invalidates frames between kvm_mmu_invalidate_start() and _end(), so that page faults have to
 * compare mmu_invalidate_seq.
 */
export function can_be_invalidated({ notifier, attributes }: Bounds): boolean {
  return notifier.threads > 0 || attributes.changes > 0
}

/** Whether a slot is deleted or moved, which goes through KVM_MEMSLOT_INVALID. */
export function slots_vanish({ memslots }: Bounds): boolean {
  return memslots.deletes + memslots.moves > 0
}

/** Whether the memslot of a guest page table is deleted, created or moved. */
export function tables_change_slots(bounds: Bounds): boolean {
  return slots_change(bounds) && !has_only_tdp(bounds) && in_a_slot(bounds, bounds.guest.tables)
}

/** Whether a page directory can be without a usable memslot, so that a dummy root is loaded for it. */
export function has_dummy_roots(bounds: Bounds): boolean {
  return slots_change(bounds) && !has_only_tdp(bounds) && in_a_slot(bounds, bounds.guest.pgds)
}

/** Whether one of the first `frames` frames is in a memslot that can change. */
function in_a_slot({ memslots }: Bounds, frames: number): boolean {
  return memslots.of.slice(0, frames).some((slot) => slot !== null)
}

/** Whether lookups can find a slot at one time and none at another. */
export function slots_come_or_go({ memslots }: Bounds): boolean {
  return memslots.deletes + memslots.creates + memslots.moves > 0
}

/** Whether the memslot of a frame has KVM_MEM_READONLY. */
export function is_read_only({ memslots }: Bounds, gfn: number): boolean {
  return memslots.readOnly.includes(gfn)
}

/** Whether MMIO SPTEs are tagged with the generation of memslots that change. */
export function tags_mmio({ memslots }: Bounds): boolean {
  return memslots.creates > 0 || memslots.mmio
}

/** The largest memslot generation that the model distinguishes. */
export function last_generation(bounds: Bounds): number {
  const { generations, creates, deletes, moves } = bounds.memslots
  if (generations > 0) return generations - 1
  // Deleting or moving a slot installs two sets of memslots, one after the other.
  return tags_mmio(bounds) ? creates + 2 * (deletes + moves) : 0
}
