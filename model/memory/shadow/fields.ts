import { array, flag, oneOf, range, ref, setOf, struct, type View } from '../../language/shapes.ts'
import { type Bounds, last_generation, unsyncs_under_read_lock } from '../bounds.ts'
import { optional } from '../optional.ts'
import type { Sorts } from '../sorts.ts'
import { tdpPage } from '../tdp/page.ts'
import { tdp_holders } from '../tdp/threads.ts'

/**
 * The reverse maps: for each guest frame the SPTEs that map it, as (page, index) pairs. In the kernel they are
 * raw pointers into shadow pages, so freeing a page does not remove them.
 */
export const rmaps = (sorts: Sorts, _bounds: Bounds) =>
  array(sorts.gfn, array(sorts.page, setOf(sorts.index)))

/**
 * A shadow page-table entry. `gfn` is the recorded translation of a leaf (`shadowed_translation[]`), by which
 * its rmap is found. `w` implies `mmuw`.
 */
export const spte = (sorts: Sorts, bounds: Bounds) =>
  struct({
    kind: oneOf('none', 'leaf', 'non-leaf', 'mmio', 'frozen'),
    /** The shadow page that a non-leaf SPTE points to. */
    child: ref(sorts.page),
    pfn: ref(sorts.pfn),
    gfn: ref(sorts.gfn),
    w: flag,
    /** Not write-protected for shadowing (MMU-writable). */
    mmuw: flag,
    /** The access that `shadowed_translation[]` records for a leaf includes ACC_WRITE_MASK. */
    access_write: optional(bounds.guest.dirtyPtes, flag),
    /** D: the guest wrote through the entry. */
    dirty: optional(bounds.host.dirty, flag),
    /** A: the page was accessed through the entry. Without A bits, a leaf without it is access-tracked: not usable. */
    accessed: optional(bounds.aging.accessed, flag),
    /** MMIO: the generation of the memslots in which the frame had no slot. */
    gen: range(0, last_generation(bounds)),
  })

export type Spte = View<ReturnType<typeof spte>>

/** detect_write_flooding(): the number of emulated stores to a table, without a walk in between, that zaps its page. */
export const FLOODING = 3

/**
 * `struct kvm_mmu_page`, a shadow page (SP) that shadows the guest table in frame `gfn`.
 *
 * `list` is the list that `sp->link` is on. A zapped root that a vCPU still holds is on none (`pinned`, since
 * f95eec9bed76, v5.9). Each thread that zaps has its list of zapped pages. Pages of the TDP MMU are on tdp_mmu_roots or
 * on no list (`tdp_mmu`); `rcu` is between call_rcu() and its callback, which frees them.
 */
export const shadowPage = (sorts: Sorts, bounds: Bounds) =>
  struct({
    list: oneOf(
      'free',
      'active',
      'pinned',
      'invalid_list of vcpu',
      'invalid_list of zapper',
      'invalid_list of memslot',
      'invalid_list of shrinker',
      'zapped_obsolete_pages',
      'tdp_mmu_roots',
      'tdp_mmu',
      'rcu',
    ),
    gfn: ref(sorts.gfn),
    level: range(1, bounds.shadow.levels),
    role_invalid: flag,
    /** No guest table behind it: it maps the frames from `gfn` on. */
    role_direct: optional(bounds.guest.huge || bounds.nested.mmus > 1 || bounds.tdp.on, flag),
    /** role.access lacks ACC_WRITE_MASK: a guest PTE above the table forbids writing. */
    role_no_write: optional(bounds.shadow.accessRoles, flag),
    role_guest_mode: optional(bounds.nested.guestMode || bounds.nested.mmus > 1, flag),
    /** The gPTE size: cr4_pae (..v5.0), later gpte_is_8_bytes, now !has_4_byte_gpte. */
    role_pae: optional(bounds.guest.paeToggles > 0, flag),
    /** role.cr0_wp is 0: SPTEs may be writable where the guest entries are not. */
    role_wp_clear: optional(bounds.guest.wpToggles > 0, flag),
    /** History: CR4.PAE when the page was built, which decides what its entries mean. */
    built_pae: optional(bounds.guest.paeToggles > 0, flag),
    /** sp->mmu_valid_gen, one bit since v5.4. */
    mmu_valid_gen: range(0, 1),
    /** How many root slots of vCPUs hold it. */
    root_count: range(
      0,
      Math.max(1, bounds.vcpus * Math.max(bounds.roots.pae, bounds.nested.mmus * (1 + bounds.roots.prev))) +
        tdp_holders(bounds),
    ),
    unsync: flag,
    /** Emulated stores to its table since a walk last used the page. */
    write_flooding_count: range(0, bounds.writeTracking.flooding ? FLOODING : 0),
    /** Entries that lead to an unsync page. */
    unsync_child_bitmap: setOf(sorts.index),
    /** Their number; a field only where vCPUs can race in counting. */
    unsync_children: array(
      unsyncs_under_read_lock(bounds) ? 1 : 0,
      range(0, bounds.guest.entries + bounds.vcpus),
    ),
    spte: array(sorts.index, spte(sorts, bounds)),
    /** The non-leaf SPTEs that point to this page: for each parent page, their indices. */
    parent_ptes: array(sorts.walked, setOf(sorts.index)),
    /** History: a request to leave this root was sent to all vCPUs and has returned. */
    request_sent: flag,
    ...tdpPage(sorts, bounds),
  })

export type ShadowPage = View<ReturnType<typeof shadowPage>>

/** The lists of zapped pages, by the kind of thread that zaps. */
export type InvalidList =
  | 'invalid_list of vcpu'
  | 'invalid_list of zapper'
  | 'invalid_list of memslot'
  | 'invalid_list of shrinker'
  | 'zapped_obsolete_pages'
