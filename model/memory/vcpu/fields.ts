import { array, flag, id, oneOf, range, ref, setOf, struct } from '../../language/shapes.ts'
import { type Bounds, watched, zaps_unsync_pages } from '../bounds.ts'
import { asyncPf, faultLocals } from '../fault/fields.ts'
import { copyOnWrite, last_seq } from '../notifier/fields.ts'
import { optional } from '../optional.ts'
import { requestBits, requester, storeBuffer } from '../primitives/fields.ts'
import { mmuMembers, otherMmu } from '../roots/fields.ts'
import type { Sorts } from '../sorts.ts'

/** One cached translation: the host page it reaches, writable or not, and the root it was found below. */
export const tlbEntry = (sorts: Sorts) => struct({ pfn: ref(sorts.pfn), w: flag, root: ref(sorts.page) })

/** `struct kvm_vcpu` with its `struct kvm_mmu`, the physical CPU's TLB and the guest's program. */
export const vcpu = (sorts: Sorts, bounds: Bounds) =>
  struct({
    mode: oneOf('OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE', 'READING_SHADOW_PAGE_TABLES'),
    /** What this CPU has stored and the others cannot see yet (x86-TSO). */
    store_buffer: storeBuffer(sorts, bounds),
    requests: requestBits(bounds),
    /** An IPI was sent to the CPU and is not taken yet. */
    ipi: flag,
    /** The context that vcpu->arch.mmu points at. */
    ...mmuMembers(sorts, bounds),
    other_mmu: otherMmu(sorts, bounds),
    /** L2 runs: arch.mmu is guest_mmu, and `cr3` the root of L1's nested tables. */
    nested: optional(bounds.nested.mmus > 1 || bounds.nested.guestMode, flag),
    cr3: id(sorts.gfn),
    cr4_pae: optional(bounds.guest.paeToggles > 0, flag),
    /** CR0.WP is clear: the kernel of the guest may write to read-only pages. */
    cr0_wp_clear: optional(bounds.guest.wpToggles > 0, flag),
    tlb: array(bounds.guest.gvas, tlbEntry(sorts)),
    /** The root that the CPU walks: CR3, or the root of the nested tables, in the VMCS or VMCB. */
    hw_root: array(bounds.requests.hardwareRoot ? 1 : 0, ref(sorts.page)),
    /** vmcb->control.tlb_ctl: VMRUN flushes the TLB first. */
    tlb_ctl: optional(bounds.requests.deferredFlush, flag),
    /**
     * History: for each address, a flush that covers its translation is being made, or has been made and the CPU has the
     * translation still.
     */
    outdated: array(
      bounds.requests.flushHistory ? bounds.guest.gvas : 0,
      oneOf('no', 'a flush is being made', 'a flush was made'),
    ),
    /** Asleep: TASK_INTERRUPTIBLE, and vcpu->wait points at the task; waiting: only the latter. */
    sleep: optional(bounds.requests.halts > 0, oneOf('awake', 'waiting', 'asleep')),
    halts_left: range(0, bounds.requests.halts),
    /** The address of the APIC page in the VMCS; the page that a reload has looked up, and its snapshot. */
    apic_access_addr: optional(bounds.apicPage.gfn !== undefined, ref(sorts.pfn)),
    apic_pfn: optional(bounds.apicPage.gfn !== undefined, ref(sorts.pfn)),
    apic_mmu_seq: range(0, bounds.apicPage.gfn === undefined ? 0 : last_seq(bounds)),
    /** An interrupt is pending in the local APIC, and one is to be injected by VM-entry. */
    irr: optional(bounds.requests.interrupts > 0, flag),
    injected: optional(bounds.requests.interrupts > 0, flag),
    /** Hardware walk in progress: the table it reads next, and its level (more than one level only). */
    walk: ref(sorts.walked),
    walk_level: range(1, bounds.shadow.levels),
    /** The guest instruction in progress, its address, and 1 + which of `guest.edits` it is (0: none of them). */
    guest: oneOf('idle', 'read', 'write', 'invlpg'),
    gva: range(0, Math.max(0, bounds.guest.gvas - 1)),
    pte_write: range(0, bounds.guest.edits.length),
    cr3_loads: range(0, bounds.guest.cr3Loads),
    pte_writes_left: range(0, bounds.guest.editsLeft),
    invlpgs_left: range(0, bounds.guest.invlpgs),
    /** The instruction in progress is a store that KVM cannot emulate. */
    unemulatable: optional(bounds.unprotect.stores.length > 0, flag),
    unemulatable_stores_left: range(0, bounds.unprotect.left),
    /** last_retry_eip and last_retry_addr: 1 + the address of the store that was retried last (0: none). */
    last_retry: range(0, bounds.unprotect.stores.length > 0 ? bounds.guest.gvas : 0),
    /** History: the protected frame that stopped the store, and whether a page for that frame was built since. */
    stopped_by: optional(bounds.unprotect.stores.length > 0, ref(sorts.gfn)),
    shadowed_again: optional(bounds.unprotect.stores.length > 0, flag),
    /** History, see hint-debt.ts. */
    hint_debt: bounds.writeTracking.hintHistory
      ? oneOf('none', 'open', 'refused once', 'refused again')
      : oneOf('none'),
    /**
     * History: for each address, the guest has changed a present PTE that translates it since it last flushed the
     * address on this vCPU, so that a stale translation is allowed.
     */
    stale_allowed: array(bounds.guest.edits.length > 0 ? bounds.guest.gvas : 0, flag),
    /** History: KVM has emulated a store to a table for this vCPU, and has not zapped the SPTEs yet. */
    storing: optional(watched(bounds), flag),
    nested_runs: range(0, bounds.nested.runs),
    pae_toggles: range(0, bounds.guest.paeToggles),
    wp_toggles: range(0, bounds.guest.wpToggles),
    prefaults_left: range(0, bounds.fault.prefaults),
    /** The fault is handled for KVM_PRE_FAULT_MEMORY, not for the guest. */
    prefault: optional(bounds.fault.prefaults > 0, flag),
    async_pf: array(bounds.asyncPf.on ? 1 : 0, asyncPf(sorts, bounds)),
    /** KVM_REQ_APF_READY is set in `requests`. */
    apf_ready: optional(bounds.asyncPf.on, flag),
    /** fault->prefetch: KVM raises the fault itself, for a page that has been swapped in. */
    prefetch: optional(bounds.asyncPf.on, flag),
    fault: faultLocals(sorts, bounds),
    cow: copyOnWrite(bounds),
    /** Local variables of the thread. */
    roots_to_free: setOf({ name: 'root slot', size: bounds.nested.mmus * (bounds.roots.prev + 1) }),
    i: range(0, Math.max(1, bounds.nested.mmus * (bounds.roots.prev + 1) - 1, bounds.roots.pae)),
    /** GET.2: the gPTE size in the role of the wanted page. */
    role_pae: optional(bounds.guest.paeToggles > 0, flag),
    /**
     * Quota, and unsync pages that are zapped: the page that is being zapped. With it, unprotecting and flooding: a root
     * in use was zapped.
     */
    zap_sp: optional(bounds.shadow.quota > 0 || zaps_unsync_pages(bounds), ref(sorts.page)),
    zapped_root: optional(
      bounds.shadow.quota > 0 ||
        zaps_unsync_pages(bounds) ||
        bounds.unprotect.stores.length > 0 ||
        bounds.writeTracking.flooding,
      flag,
    ),
    req: requester(sorts),
  })

/** The largest generation of ASIDs that a scenario reaches: each run and each hotplug may begin one. */
const last_generation_of_asids = ({ asids }: Bounds): number => 1 + 2 * asids.runs + asids.hotplugs

/** `struct svm_cpu_data` of the CPU, which has one ASID, and what its TLB has. */
export const svmCpu = (sorts: Sorts, bounds: Bounds) =>
  array(
    bounds.asids.runs > 0 ? 1 : 0,
    struct({
      asid_generation: range(0, last_generation_of_asids(bounds)),
      /** next_asid > max_asid: the only ASID of the generation is taken. */
      exhausted: flag,
      flush_all_asids: flag,
      online: flag,
      hotplugs_left: range(0, bounds.asids.hotplugs),
      /** The vCPU that is between pre_svm_run() and its VM-exit. */
      runs: ref(sorts.guest_of_cpu),
      /** The vCPU whose translations the TLB has under the ASID. */
      tagged: ref(sorts.guest_of_cpu),
    }),
  )

/** What a vCPU keeps of its last run: the generation in which it got the ASID. */
export const svmVcpu = (bounds: Bounds) =>
  struct({
    left: range(0, bounds.asids.runs),
    asid_generation: range(0, last_generation_of_asids(bounds)),
  })

/** `struct pi_desc` of a vCPU and the IRR of its local APIC, for two vectors. */
export const postedInterrupts = (bounds: Bounds) =>
  array(
    bounds.postedInterrupts.sends > 0 ? 1 : 0,
    struct({
      pir: array(2, flag),
      on: flag,
      irr: array(2, flag),
      sends_left: range(0, bounds.postedInterrupts.sends),
      syncs_left: range(0, bounds.postedInterrupts.syncs),
      /** max_irr, as vmx_sync_pir_to_irr() has found it. */
      max_irr: oneOf('not known', 'none', 'a vector'),
    }),
  )

/** A PTE of the guest and what two vCPUs know of it. */
export const paravirtualFlush = (bounds: Bounds) =>
  array(
    bounds.paravirtualFlush.accesses > 0 ? 1 : 0,
    struct({
      /** st->preempted, and KVM_VCPU_FLUSH_TLB in it. */
      preempted: oneOf('no', 'preempted', 'preempted, flush'),
      /** The thread of the vCPU is on no CPU. */
      scheduled_out: flag,
      accesses_left: range(0, bounds.paravirtualFlush.accesses),
      preemptions_left: range(0, bounds.paravirtualFlush.preemptions),
      flushes_left: range(0, bounds.paravirtualFlush.flushes),
      /** KVM is emulating an instruction, with a translation from the guest's PTE. */
      translated: flag,
      /** History: the PTE was changed, and a flush that covers the change has ended, since the translation was made. */
      pte_changed: flag,
      flushed: flag,
    }),
  )
