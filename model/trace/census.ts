import { quoted } from '../language/quoted.ts'
import { LogError } from './errors.ts'
import { type Kernel, roleOf, spteOf, TRACED_KERNELS } from './kernel.ts'
import type { TraceEvent } from './line.ts'

/** A thread of the recording. */
export interface LoggedThread {
  readonly tid: number
  readonly comm: string
  /** The vCPU that it runs; null for all others. */
  readonly vcpu: number | null
  readonly events: number
}

/** What a log has of everything: from it follow the bounds of the model that replays or follows it. */
export interface Census {
  readonly kernel: Kernel
  readonly events: number
  /** How often each kind of event occurs. */
  readonly kinds: ReadonlyMap<TraceEvent['name'], number>
  /** Events of kinds that are not known, by name. */
  readonly unknown: ReadonlyMap<string, number>
  /** `struct kvm`, which is also mmu_lock. */
  readonly kvm: number
  readonly vcpus: number
  readonly threads: readonly LoggedThread[]
  /** Shadow pages: how many were built, and the most that existed at a time. TDP MMU pages are not among them. */
  readonly pagesBuilt: number
  readonly mostPages: number
  /** Two-dimensional paging: some root is direct. */
  readonly npt: boolean
  /** Roots are those of the TDP MMU. */
  readonly tdpMmu: boolean
  /** Some SPTE maps a huge page. */
  readonly hugeSptes: boolean
  /** L2 ran. */
  readonly nested: boolean
  /** Frames of guest page tables that were shadowed, by number. */
  readonly tables: ReadonlySet<number>
  /** Frames that were mapped, by number. */
  readonly gfns: ReadonlySet<number>
  readonly pfns: ReadonlySet<number>
  /** The positions in tables that occur. */
  readonly indices: ReadonlySet<number>
  /** `struct kvm_memory_slot`s, by address. */
  readonly slots: ReadonlySet<number>
  /** Page directories of root loads and switches. */
  readonly pgds: ReadonlySet<number>
  /** How often each vCPU loaded CR3 (kvm_mmu_new_pgd()). */
  readonly cr3Loads: readonly number[]
  /** Calls of __kvm_mmu_prepare_zap_page(), and of kvm_mmu_zap_all_fast(). */
  readonly zaps: number
  readonly zapAlls: number
  /** The most notifiers between start and end at a time, and how many invalidated frames of the VM. */
  readonly mostNotifiers: number
  readonly invalidations: number
  /** Line of the event with which teardown began (kvm_arch_flush_shadow_all()); null if the log ends before. */
  readonly teardown: number | null
}

const PAGE_CACHE = 'kvm_mmu_page_header'

/** Counts the events of a log, in a first pass; needs memory for what the VM has, not for the log. */
export class CensusTaker {
  readonly #asked: Kernel | null
  #events = 0
  readonly #kinds = new Map<TraceEvent['name'], number>()
  readonly #unknown = new Map<string, number>()
  readonly #threads = new Map<number, { comm: string; vcpu: number | null; events: number }>()
  #kvm: number | null = null
  #seen: Kernel['version'] | null = null
  readonly #alive = new Set<number>()
  #built = 0
  #most = 0
  #npt = false
  #tdpMmu = false
  #nested = false
  #hugeSptes = false
  readonly #tables = new Set<number>()
  readonly #gfns = new Set<number>()
  readonly #pfns = new Set<number>()
  readonly #indices = new Set<number>()
  readonly #slots = new Set<number>()
  readonly #pgds = new Set<number>()
  readonly #cr3Loads: number[] = []
  /** Notifiers between start and end: host code nests them in one thread. */
  #notifying = 0
  #mostNotifiers = 0
  #invalidations = 0
  #vcpus = 0
  readonly #loaded = new Set<number>()
  #teardown: number | null = null

  /** @param kernel the one that the user names; otherwise it is inferred from the functions in the log. */
  constructor(kernel: Kernel | null = null) {
    this.#asked = kernel
  }

  /** @throws LogError for an event that does not belong to the same VM as those before it. */
  push(event: TraceEvent): void {
    this.#events++
    this.#kinds.set(event.name, (this.#kinds.get(event.name) ?? 0) + 1)
    const thread = this.#threads.get(event.tid)
    if (thread === undefined) this.#threads.set(event.tid, { comm: event.comm, vcpu: null, events: 1 })
    else thread.events++
    if ('vcpu' in event) this.#vcpus = Math.max(this.#vcpus, event.vcpu + 1)
    this.#count(event)
  }

  /** @throws LogError for a log without a VM, or one that begins after the VM was running. */
  census(): Census {
    if (this.#kvm === null)
      throw new LogError(
        'has no event free_roots, so there is no VM in it, or the probes of the recipe are missing',
      )
    return {
      kernel: this.#kernel(),
      events: this.#events,
      kinds: this.#kinds,
      unknown: this.#unknown,
      kvm: this.#kvm,
      vcpus: Math.max(1, this.#vcpus),
      threads: [...this.#threads].map(([tid, { comm, vcpu, events }]) => ({ tid, comm, vcpu, events })),
      pagesBuilt: this.#built,
      mostPages: this.#most,
      npt: this.#npt,
      tdpMmu: this.#tdpMmu,
      nested: this.#nested,
      hugeSptes: this.#hugeSptes,
      tables: this.#tables,
      gfns: this.#gfns,
      pfns: this.#pfns,
      indices: this.#indices,
      slots: this.#slots,
      pgds: this.#pgds,
      cr3Loads: Array.from({ length: Math.max(1, this.#vcpus) }, (_, v) => this.#cr3Loads[v] ?? 0),
      zaps: this.#kinds.get('prep_zap') ?? 0,
      zapAlls: this.#kinds.get('zap_all_fast') ?? 0,
      mostNotifiers: this.#mostNotifiers,
      invalidations: this.#invalidations,
      teardown: this.#teardown,
    }
  }

  #kernel(): Kernel {
    // Return probes print the lock since 6.5.
    const version =
      this.#seen ?? (this.#kinds.has('wlock_acq') || this.#kinds.has('rlock_acq') ? '6.12' : '6.1')
    const found = TRACED_KERNELS.find((kernel) => kernel.version === version) as Kernel
    if (this.#asked !== null && this.#asked !== found)
      throw new LogError(
        `is of ${found.version} by its functions, not of ${this.#asked.version}: leave --kernel out`,
      )
    return found
  }

  #count(event: TraceEvent): void {
    switch (event.name) {
      case 'other':
        if (!event.known) this.#unknown.set(event.event, (this.#unknown.get(event.event) ?? 0) + 1)
        return
      case 'free_roots':
        this.#vm(event, event.kvm)
        return
      case 'get_sp':
        if (!this.#alive.has(event.sp)) this.#built++
        this.#alive.add(event.sp)
        this.#most = Math.max(this.#most, this.#alive.size)
        if ((event.role & 128) === 0) this.#tables.add(event.gfn)
        this.#gfns.add(event.gfn)
        if (this.#teardown !== null)
          throw this.#refused(event, 'builds a shadow page after the VM was torn down: two logs?')
        return
      case 'kmem_cache_free':
        if (event.cache === PAGE_CACHE) this.#alive.delete(event.ptr)
        return
      case 'spte_update': {
        this.#indices.add(indexOf(event.sptep))
        const { kind, hpa } = spteOf(event.new)
        if (kind === 'present') this.#pfns.add(hpa / 4096)
        return
      }
      case 'kvm_mmu_set_spte':
        if (event.level > 1) this.#hugeSptes = true
        this.#gfns.add(event.gfn)
        return
      case 'pte_list_add':
        this.#indices.add(indexOf(event.spte))
        return
      case 'mark_mmio_spte':
        this.#gfns.add(event.gfn)
        this.#indices.add(indexOf(event.sptep))
        return
      case 'fast_page_fault':
        this.#indices.add(indexOf(event.sptep))
        return
      case 'rmap_add':
        this.#slots.add(event.slot)
        this.#gfns.add(event.gfn)
        return
      case 'set_memslot':
        if (event.old !== 0) this.#slots.add(event.old)
        if (event.new !== 0) this.#slots.add(event.new)
        return
      case 'new_pgd':
        this.#cr3Loads[event.vcpu] = (this.#cr3Loads[event.vcpu] ?? 0) + 1
        if (event.pgd !== null) this.#pgds.add(Math.floor(event.pgd / 4096))
        return
      case 'mmu_load':
        this.#loaded.add(event.vcpu)
        if ((event.role & 128) !== 0) this.#npt = true
        return
      case 'tdp_get_root':
      case 'tdp_put_root':
      case 'kvm_tdp_mmu_spte_changed':
        this.#tdpMmu = true
        this.#npt = true
        return
      case 'kvm_nested_vmenter':
        this.#nested = true
        return
      case 'faultin':
        if (event.fn === 'kvm_mmu_faultin_pfn') this.#seen = '7.2'
        return
      case 'vcpu_run':
        this.#runs(event, event.vcpu)
        return
      case 'mn_start':
        this.#notifying++
        this.#mostNotifiers = Math.max(this.#mostNotifiers, this.#notifying)
        return
      case 'mn_end':
        this.#notifying = Math.max(0, this.#notifying - 1)
        return
      case 'unmap_gfn_range':
        this.#invalidations++
        return
      case 'flush_shadow_all':
        this.#teardown ??= event.line
        return
      default:
        return
    }
  }

  #vm(event: TraceEvent, kvm: number): void {
    if (this.#kvm === null || this.#kvm === kvm) this.#kvm = kvm
    else throw this.#refused(event, 'is of another VM than the events before it: record one VM')
  }

  #runs(event: TraceEvent, vcpu: number): void {
    if (!this.#loaded.has(vcpu))
      throw this.#refused(
        event,
        'runs a vCPU whose root was loaded before: the log begins after the VM was running',
      )
    const thread = this.#threads.get(event.tid)
    if (thread !== undefined) thread.vcpu = vcpu
    if (this.#teardown !== null)
      throw this.#refused(event, 'runs a vCPU after the VM was torn down: two logs?')
  }

  #refused({ line, comm, tid }: TraceEvent, what: string): LogError {
    return new LogError(`line ${line} (${quoted(comm, 40)}-${tid}) ${what}`)
  }
}

/** The position of an SPTE in its table. */
export const indexOf = (sptep: number): number => (sptep % 4096) / 8

/** The census of events in memory, for tests and short logs. */
export function censusOf(events: Iterable<TraceEvent>, kernel: Kernel | null = null): Census {
  const taker = new CensusTaker(kernel)
  for (const event of events) taker.push(event)
  return taker.census()
}

/** The role of a page in an event that prints one. */
export const roleIn = ({ kernel }: Pick<Census, 'kernel'>, word: number): ReturnType<typeof roleOf> =>
  roleOf(kernel, word)
