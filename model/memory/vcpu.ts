import {
  array,
  flag,
  id,
  oneOf,
  range,
  ref,
  setOf,
  setOfNames,
  struct,
  type View,
} from '../language/shapes.ts'
import { asyncPf } from './async-pf.ts'
import { type Bounds, slots_change, watched } from './bounds.ts'
import { gpte } from './guest-memory.ts'
import type { Kvm } from './kvm.ts'
import { mmuMembers, otherMmu } from './mmu.ts'
import { optional } from './optional.ts'
import type { Sorts } from './sorts.ts'
import { storeBuffer } from './store-buffer.ts'

/** Requests of a vCPU. MMU_SYNC is only ever made by the vCPU itself. */
export type Request = 'FREE_OBSOLETE_ROOTS' | 'TLB_FLUSH' | 'MMU_SYNC'

/** Local variables of kvm_make_all_cpus_request() in whoever calls it. */
export const requester = (sorts: Sorts) =>
  struct({
    /** vCPUs not visited yet. */
    todo: setOf(sorts.vcpu),
    /** The vCPU whose request bit was set and whose mode was not looked at yet. */
    now: ref(sorts.vcpu),
    /** vCPUs that get an interrupt. */
    ipis: setOf(sorts.vcpu),
  })

export type Requester = View<ReturnType<typeof requester>>

/** One cached translation: the host page it reaches, writable or not, and the root it was found below. */
export const tlbEntry = (sorts: Sorts) => struct({ pfn: ref(sorts.pfn), w: flag, root: ref(sorts.page) })

/** Local variables of a page fault and of the walk that handles it. */
const faultLocals = (sorts: Sorts, bounds: Bounds) =>
  struct({
    /** Guest entries as the walk (PF.2) read them; element l - 1 belongs to level l. */
    gpte: array(bounds.levels, gpte(sorts, bounds)),
    level: range(1, bounds.levels),
    pfn: ref(sorts.pfn),
    /** The memslot of the frame, as PF.3 found it (with changing memslots only). */
    slot: optional(slots_change(bounds), oneOf('none', 'valid', 'invalid')),
    /** That memslot has dirty logging on. */
    slot_logged: optional(bounds.enablesLog, flag),
    mmu_seq: range(0, bounds.notifiers * bounds.invalidations),
    /** FETCH: the shadow page of the level in hand, and the child found or built for the next. */
    sp: ref(sorts.page),
    child: ref(sorts.page),
    /** FETCH.7: the level to map at. */
    goal_level: optional(bounds.choosesLevel, range(1, 2)),
    /** FETCH.3: the wanted child's role.access lacks ACC_WRITE_MASK. */
    child_no_write: optional(bounds.accessRoles, flag),
    /** GET.2: `invalid` in the role that the child copies from its parent. */
    child_invalid: optional(bounds.levels > 1, flag),
    /** A remote flush is owed before mmu_lock may be dropped or the guest table read again. */
    flush: flag,
    /** The write must be emulated: its frame stays write-protected. */
    emulate: flag,
    /** SY.3: the unsync pages to sync. */
    unsync_pages: setOf(sorts.synced),
    /** Local variables of mmu_try_to_unsync_pages(), where several vCPUs can be in it. */
    unsync: array(
      bounds.tdpFaults ? 1 : 0,
      struct({
        /** The page in hand, and whether mmu_unsync_pages_lock was taken. */
        sp: ref(sorts.page),
        locked: flag,
        /** What was read of its parent, before it is stored with a bit, or with one, more. */
        unsync_child_bitmap: setOf(sorts.index),
        unsync_children: range(0, bounds.entries + bounds.vcpus),
      }),
    ),
    /** The SPTE was present: the fault is about a permission. */
    present: optional(watched(bounds), flag),
    /** Unprotecting: the instruction may be retried; the hint said that something is shadowed; it was zapped. */
    may_retry: optional(bounds.hardStores.length > 0, flag),
    hint: optional(bounds.hardStores.length > 0, flag),
    zapped: optional(bounds.hardStores.length > 0, flag),
    /** Fast page fault: the host page in the SPTE that was read; its permissions are known by then. */
    old_pfn: optional(bounds.fastFaults, ref(sorts.pfn)),
  })

/** `struct kvm_vcpu` with its `struct kvm_mmu`, the physical CPU's TLB and the guest's program. */
export const vcpu = (sorts: Sorts, bounds: Bounds) =>
  struct({
    mode: oneOf('OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE', 'READING_SHADOW_PAGE_TABLES'),
    /** What this CPU has stored and the others cannot see yet (x86-TSO). */
    store_buffer: storeBuffer(sorts, bounds),
    requests: setOfNames('FREE_OBSOLETE_ROOTS', 'TLB_FLUSH', 'MMU_SYNC'),
    /** An interrupt was sent to the CPU and not taken yet. */
    ipi: flag,
    /** The context that vcpu->arch.mmu points at. */
    ...mmuMembers(sorts, bounds),
    other_mmu: otherMmu(sorts, bounds),
    /** L2 runs: arch.mmu is guest_mmu, and `cr3` the root of L1's nested tables. */
    nested: optional(bounds.mmus > 1 || bounds.guestMode, flag),
    cr3: id(sorts.gfn),
    cr4_pae: optional(bounds.paeToggles > 0, flag),
    tlb: array(bounds.gvas, tlbEntry(sorts)),
    /** Hardware walk in progress: the table it reads next, and its level (more than one level only). */
    walk: ref(sorts.walked),
    walk_level: range(1, bounds.levels),
    /** The guest instruction in progress, its address, and which of the scenario's edits a write is (0: none). */
    guest: oneOf('idle', 'read', 'write', 'invlpg'),
    gva: range(0, Math.max(0, bounds.gvas - 1)),
    edit: range(0, bounds.edits.length),
    cr3_loads: range(0, bounds.cr3Loads),
    edits_left: range(0, bounds.editsLeft),
    invlpgs_left: range(0, bounds.invlpgs),
    /** The instruction in progress is a store that KVM cannot emulate. */
    unemulatable: optional(bounds.hardStores.length > 0, flag),
    hard_stores_left: range(0, bounds.hardStoresLeft),
    /** last_retry_eip and last_retry_addr: the hard store (1, 2, ...) that was retried last, or 0. */
    last_retry: range(0, bounds.hardStores.length > 0 ? bounds.gvas : 0),
    /** History: the frame whose protection stopped it, and whether a page for that frame was built since. */
    stopped_by: optional(bounds.hardStores.length > 0, ref(sorts.gfn)),
    shadowed_again: optional(bounds.hardStores.length > 0, flag),
    /**
     * History: for each address, the guest has changed a present entry on the way since it last flushed the
     * address here, so that an old translation may be used.
     */
    stale_allowed: array(bounds.edits.length > 0 ? bounds.gvas : 0, flag),
    /** History: KVM has emulated a store to a table for this vCPU, and has not zapped the SPTEs yet. */
    storing: optional(watched(bounds), flag),
    nested_runs: range(0, bounds.nestedRuns),
    pae_toggles: range(0, bounds.paeToggles),
    prefaults_left: range(0, bounds.prefaults),
    /** The fault is handled for KVM_PRE_FAULT_MEMORY, not for the guest. */
    prefault: optional(bounds.prefaults > 0, flag),
    async_pf: array(bounds.asyncPf ? 1 : 0, asyncPf(sorts, bounds)),
    /** KVM_REQ_APF_READY is set in `requests`. */
    apf_ready: optional(bounds.asyncPf, flag),
    /** fault->prefetch: KVM makes the fault itself, for a page that has arrived. */
    prefetch: optional(bounds.asyncPf, flag),
    fault: faultLocals(sorts, bounds),
    /** Local variables of the thread. */
    roots_to_free: setOf({ name: 'root slot', size: bounds.mmus * (bounds.prevRoots + 1) }),
    i: range(0, Math.max(1, bounds.mmus * (bounds.prevRoots + 1) - 1, bounds.paeRoots)),
    /** GET.2: the gPTE size in the role of the wanted page. */
    role_pae: optional(bounds.paeToggles > 0, flag),
    /** Quota, unprotecting: the page that is being zapped, and whether one that was zapped is a root in use. */
    zap_sp: optional(bounds.quota > 0, ref(sorts.page)),
    zapped_root: optional(bounds.quota > 0 || bounds.hardStores.length > 0 || bounds.writeFlooding, flag),
    req: requester(sorts),
  })

/**
 * The guest flushes an address: no translation older than this may be used for it (history). A store that
 * another vCPU's instruction is in the middle of may come before or after the flush.
 */
export function promise_fresh(kvm: Kvm, v: number, gva: number): void {
  const { stale_allowed } = kvm.vcpu[v]
  if (gva >= stale_allowed.length) return
  for (const { storing } of kvm.vcpu) if (storing) return
  stale_allowed[gva] = false
}

/** Drops what a TLB has cached for one address. */
export function flush_tlb_gva(kvm: Kvm, vcpu: number, gva: number): void {
  const entry = kvm.vcpu[vcpu].tlb[gva]
  entry.pfn = null
  entry.w = false
  entry.root = null
}

/** Empties the TLB of the CPU that the vCPU runs on, paging-structure caches included. */
export function flush_tlb(kvm: Kvm, vcpu: number): void {
  for (let gva = 0; gva < kvm.vcpu[vcpu].tlb.length; gva++) flush_tlb_gva(kvm, vcpu, gva)
}

/** The instruction in progress is done (or has trapped into the guest's own handler). */
export function finish_instruction(kvm: Kvm, vcpu: number): void {
  kvm.vcpu[vcpu].guest = 'idle'
  kvm.vcpu[vcpu].prefault = false
  kvm.vcpu[vcpu].gva = 0
  kvm.vcpu[vcpu].edit = 0
  if (!kvm.vcpu[vcpu].unemulatable) return
  kvm.vcpu[vcpu].unemulatable = false
  // After the last one nobody asks any more which was retried.
  if (kvm.vcpu[vcpu].hard_stores_left === 0) forget_retry(kvm, vcpu)
}

/** `vcpu->arch.last_retry_eip = 0`: no instruction counts as retried. */
export function forget_retry(kvm: Kvm, v: number): void {
  kvm.vcpu[v].last_retry = 0
  kvm.vcpu[v].stopped_by = null
  kvm.vcpu[v].shadowed_again = false
}

/** The instruction in progress is the one that was retried last, with the same address. */
export function is_retried(kvm: Kvm, v: number): boolean {
  return kvm.vcpu[v].last_retry === kvm.vcpu[v].gva + 1
}

/** A store was refused because its frame is protected (history, until the instruction is over). */
export function note_refusal(kvm: Kvm, v: number, gfn: number): void {
  const vcpu = kvm.vcpu[v]
  if (!vcpu.unemulatable || is_retried(kvm, v)) return
  vcpu.stopped_by = gfn
  vcpu.shadowed_again = false
}
