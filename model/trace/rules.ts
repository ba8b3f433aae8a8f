import { type Kernel, roleOf } from './kernel.ts'
import type { EventOf, TraceEvent } from './line.ts'

/** What a thread is in the middle of. */
interface ThreadRules {
  vcpu: number | null
  /** The lock that it holds for write. */
  lock: number | null
  /** The request that kvm_make_all_cpus_request() is sending, and the vCPU that is next. */
  request: { readonly req: number; next: number } | null
  /** is_page_fault_stale() and kvm_faultin_pfn() were entered, and have not returned. */
  isTestingStale: boolean
  isFaultingIn: boolean
  /** What kvm_faultin_pfn() saw of invalidations, and how many may have been in progress. */
  seen: { readonly kseq: number; readonly inprog: number }
  mayBegin: number
  /** kvm_faultin_pfn() has found a page, so that mmu_lock is taken next. */
  hasPage: boolean
  /** A notifier's start has been entered, and has not returned; and it has counted its invalidation. */
  isStarting: boolean
  hasBegun: boolean
  /** The root in the hardware of its vCPU. */
  loaded: number | null
  /** kvm_mmu_get_page was traced, and __kvm_mmu_get_shadow_page() has not returned. */
  lookUp: { readonly gfn: number; readonly gen: number } | null
  /** The page that was looked up last, and the role for which kvm_mmu_load() wants a root. */
  page: { readonly spt: number; readonly pgd: number } | null
  rootRole: number | null
  /** kvm_mmu_free_obsolete_roots() has called its helper for root_mmu, and not yet for guest_mmu. */
  isFreeing: boolean
}

/** The slots of an MMU as probes print them. */
interface PrintedSlots {
  readonly rhpa: number | null
  readonly rpgd: number | null
  readonly h0: number | null
  readonly p0: number | null
  readonly h1: number | null
  readonly p1: number | null
  readonly h2: number | null
  readonly p2: number | null
}

/** Events that name the vCPU whose thread they are of. */
const OF_ITS_VCPU: ReadonlySet<string> = new Set([
  'mmu_load',
  'vcpu_run',
  'kvm_entry',
  'kvm_exit',
  'svc_local_flush',
  'load_pgd',
  'stale_chk',
  'faultin',
])

/**
 * Rules that hold for the events of one thread, whatever the model says: kernel functions call each other in one order,
 * and print what they were given. A log that breaks one is damaged, or of a kernel that is not known.
 */
export class LogRules {
  readonly #kernel: Kernel
  readonly #vcpus: number
  readonly #threads = new Map<number, ThreadRules>()
  /** kvm->mmu_lock. */
  #lock: number | null = null
  /** What the direct map adds to a physical address. */
  #base: number | null = null
  /** The page directory of each root, by the address of its table; a direct root has 0. */
  readonly #pgds = new Map<number, number>()
  /** Invalidations that have ended. */
  #ended = 0
  /** Invalidations in progress; and starts of notifiers that may have counted theirs already. */
  #inProgress = 0
  #starting = 0

  /** @param vcpus how many the VM has: a request to all is sent to each of them, by index. */
  constructor(kernel: Kernel, vcpus: number) {
    this.#kernel = kernel
    this.#vcpus = vcpus
  }

  /** @returns the rule that an event breaks, as a sentence; null if it breaks none. */
  check(event: TraceEvent): string | null {
    const thread = this.#of(event.tid)
    return (
      this.#checkVcpu(event, thread) ??
      this.#checkRequest(event, thread) ??
      this.#checkCalls(event, thread) ??
      this.#checkRoots(event, thread) ??
      this.#checkRest(event, thread)
    )
  }

  #of(tid: number): ThreadRules {
    let thread = this.#threads.get(tid)
    if (thread === undefined) {
      thread = {
        vcpu: null,
        lock: null,
        request: null,
        isTestingStale: false,
        isFaultingIn: false,
        seen: { kseq: 0, inprog: 0 },
        mayBegin: 0,
        hasPage: false,
        isStarting: false,
        hasBegun: false,
        loaded: null,
        lookUp: null,
        page: null,
        rootRole: null,
        isFreeing: false,
      }
      this.#threads.set(tid, thread)
    }
    return thread
  }

  #checkVcpu(event: TraceEvent, thread: ThreadRules): string | null {
    if (!OF_ITS_VCPU.has(event.name)) return null
    const { vcpu } = event as EventOf<'vcpu_run'>
    if (vcpu >= this.#vcpus) return `there is no vCPU ${vcpu}`
    if (thread.vcpu !== null && thread.vcpu !== vcpu) return 'a thread runs one vCPU only'
    thread.vcpu = vcpu
    return null
  }

  #checkRequest(event: TraceEvent, thread: ThreadRules): string | null {
    const { request } = thread
    if (event.name === 'req_vcpu') {
      if (request === null) return 'a request is sent by kvm_make_all_cpus_request()'
      const isNext = event.vcpu === request.next && event.req === request.req
      request.next++
      if (request.next === this.#vcpus) thread.request = null
      return isNext ? null : 'a request to all vCPUs is sent to each of them, by index'
    }
    if (request !== null && !MAY_INTERRUPT.has(event.name)) {
      thread.request = null
      return 'a request to all vCPUs is sent to each of them, by index'
    }
    if (event.name === 'req_all') thread.request = { req: event.req, next: 0 }
    return null
  }

  /** Functions that return before anything else is called. */
  #checkCalls(event: TraceEvent, thread: ThreadRules): string | null {
    if (event.name === 'other' || event.name === 'mark' || event.name === 'kmem_cache_free') return null
    const { isTestingStale, lookUp } = thread
    thread.isTestingStale = event.name === 'stale_chk'
    thread.lookUp = event.name === 'kvm_mmu_get_page' ? event : null
    if (isTestingStale !== (event.name === 'stale_ret')) return 'is_page_fault_stale() calls nothing'
    const isReturn = event.name === 'get_sp'
    if (isReturn !== (lookUp !== null)) return 'a page that is looked up is returned'
    if (!isReturn || lookUp === null) return null
    return event.gfn === lookUp.gfn && event.gen === lookUp.gen
      ? null
      : 'the page that is looked up is returned'
  }

  #checkRoots(event: TraceEvent, thread: ThreadRules): string | null {
    switch (event.name) {
      case 'mmu_load':
        thread.rootRole = event.role
        return this.#checkSlots(event)
      case 'get_sp': {
        const { direct, level } = roleOf(this.#kernel, event.role)
        thread.page = { spt: event.spt, pgd: direct ? 0 : event.gfn * 4096 }
        const { rootRole } = thread
        if (event.fn !== 'mmu_alloc_root' || rootRole === null) return null
        const isWanted = rootRole === event.role || roleOf(this.#kernel, rootRole).level !== level
        return isWanted ? null : 'a root is looked up by the role of the MMU'
      }
      case 'alloc_root': {
        if (event.hpa === null || thread.page === null) return 'a root is looked up before it is used'
        this.#base ??= thread.page.spt - event.hpa
        this.#pgds.set(event.hpa, thread.page.pgd)
        return thread.page.spt - event.hpa === this.#base ? null : 'the root is the page that was looked up'
      }
      case 'new_pgd':
      case 'free_roots':
        return this.#checkSlots(event)
      case 'free_obsolete_roots':
        thread.isFreeing = !thread.isFreeing
        return this.#checkSlots(event)
      default:
        return null
    }
  }

  #checkSlots(slots: PrintedSlots): string | null {
    const { rhpa, rpgd, h0, p0, h1, p1, h2, p2 } = slots
    const isKnown = (hpa: number | null, pgd: number | null): boolean =>
      hpa === null || this.#pgds.get(hpa) === pgd
    const all = isKnown(rhpa, rpgd) && isKnown(h0, p0) && isKnown(h1, p1) && isKnown(h2, p2)
    return all ? null : 'a root is cached with the page directory that it shadows'
  }

  #checkRest(event: TraceEvent, thread: ThreadRules): string | null {
    switch (event.name) {
      case 'wlock_acq': {
        this.#lock ??= event.lock
        const isHeld = thread.lock !== null
        thread.lock = event.lock
        if (isHeld) return 'mmu_lock is taken once'
        const { hasPage } = thread
        thread.hasPage = false
        if (event.fn.endsWith('_page_fault') && !hasPage) return 'a fault takes mmu_lock when it has a page'
        return event.lock === this.#lock ? null : 'there is one mmu_lock'
      }
      case 'wunlock': {
        const { lock } = thread
        thread.lock = null
        thread.hasBegun = false
        return lock === null || lock === event.lock ? null : 'the lock that was taken is released'
      }
      case 'stale_chk':
        if (event.kseq !== this.#ended) return 'mmu_invalidate_seq counts the invalidations that have ended'
        if (event.fseq > event.kseq) return 'mmu_invalidate_seq only grows'
        if (event.inprog !== this.#inProgress)
          return 'mmu_invalidate_in_progress counts those that have begun'
        return thread.lock === null ? 'is_page_fault_stale() is called with mmu_lock held' : null
      case 'faultin':
        thread.isFaultingIn = true
        thread.hasPage = false
        thread.seen = event
        thread.mayBegin = this.#inProgress + this.#starting
        // The latest end may not yet have counted.
        return event.kseq >= this.#ended - 1
          ? null
          : 'mmu_invalidate_seq counts the invalidations that have ended'
      case 'faultin_ret': {
        const { isFaultingIn } = thread
        thread.isFaultingIn = false
        thread.hasPage = event.ret === 0
        if (!isFaultingIn) return 'kvm_faultin_pfn() is entered before it returns'
        // Both counts were read without the lock, between the entry and here.
        if (thread.seen.kseq > this.#ended)
          return 'mmu_invalidate_seq counts the invalidations that have ended'
        return thread.seen.inprog <= Math.max(thread.mayBegin, this.#inProgress + this.#starting)
          ? null
          : 'mmu_invalidate_in_progress counts those that have begun'
      }
      case 'inv_end': {
        const isCounted = event.seq === this.#ended && event.inprog === this.#inProgress
        this.#ended++
        this.#inProgress--
        return isCounted ? null : 'mmu_invalidate_seq counts the invalidations that have ended'
      }
      case 'mn_start':
        if (!thread.isStarting) this.#starting++
        thread.isStarting = true
        return null
      case 'mn_start_ret':
        if (thread.isStarting) this.#starting--
        thread.isStarting = false
        return null
      case 'unmap_gfn_range':
        if (!thread.hasBegun) this.#inProgress++
        thread.hasBegun = true
        return event.seq === this.#ended && event.inprog === this.#inProgress
          ? null
          : 'an invalidation is counted before its range is unmapped'
      case 'rlock_acq':
        thread.hasPage = false
        return null
      case 'load_pgd':
        thread.loaded = event.root
        return null
      case 'vcpu_run': {
        const { hasPage } = thread
        thread.hasPage = false
        if (hasPage) return 'a fault that has a page takes mmu_lock'
        if (event.rhpa !== null && this.#pgds.get(event.rhpa) !== event.rpgd)
          return 'a root is used with the page directory that it shadows'
        if (thread.isFreeing) return 'obsolete roots of both MMUs are freed'
        const root = event.np % 2 === 1 ? event.ncr3 : event.scr3
        if (root !== event.rhpa) return 'the hardware has the root of the MMU'
        return thread.loaded === event.rhpa ? null : 'a root is loaded before the guest runs on it'
      }
      default:
        return null
    }
  }
}

/** Events between those of a request to all vCPUs, which an interrupt causes. */
const MAY_INTERRUPT: ReadonlySet<string> = new Set(['other', 'mark', 'kmem_cache_free', 'req_all'])
