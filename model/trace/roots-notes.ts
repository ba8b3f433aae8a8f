import { type Kernel, roleOf } from './kernel.ts'
import type { EventOf, TraceEvent } from './line.ts'
import type { RootsCensus } from './roots-census.ts'
import type { Decision } from './table.ts'

/** Which step of the guest a VM-exit was. */
export interface Exit extends Decision {
  /** `other`: one that the slice does not know; `pgd`: a load of another page directory, number `pgd`. */
  was: 'other' | 'fault' | 'pgd' | 'cr0'
  pgd: number
}

/** Whose part a thread plays while it holds mmu_lock for write. */
export type Role = 'free' | 'load' | 'fault' | 'memslot' | 'zapper' | 'elsewhere'

/** A section of one thread in which it holds mmu_lock for write. */
export interface Section extends Decision {
  role: Role
  /** Path of the block of the vCPU in which the roots are freed. */
  readonly path: string
  /** Of a zap-all: the lock was dropped in its middle, and is taken again. */
  readonly isRetaken: boolean
  /** Root pages that the thread has put on its list of zapped pages, not freed yet. */
  readonly listed: Set<string>
  /** The slots that mmu_free_root_page() is still to be called for, in order. */
  readonly toFree: (number | null)[]
  rootsFreed: number
  pagesFreed: number
  /** Path of the block in which the request is sent that is under way; null for one of no concern. */
  request: string | null
}

/** The slots of an MMU as probes print them. */
export interface PrintedRoots {
  readonly rhpa: number | null
  readonly h0: number | null
  readonly h1: number | null
  readonly h2: number | null
}

interface ThreadNotes {
  readonly vcpu: number | null
  section: Section | null
  /** The latest exit of the vCPU. */
  exit: Exit | null
  /** Where the vCPU calls kvm_mmu_free_roots() next. */
  freePath: string
  /** The slots to free as kvm_mmu_free_roots() found them. */
  toFree: (number | null)[]
  /** kvm_mmu_free_obsolete_roots() was called for root_mmu, and is next called for guest_mmu. */
  rootMmuIsDone: boolean
  /** Whether the page looked up last is new. */
  created: boolean
  /** The page looked up last for a root. */
  looked: string | null
  /** What is_page_fault_stale() saw of an invalidation. */
  invalidated: boolean
  /** The latest section that it left was one of a zap-all, which may continue in another. */
  zapsAll: boolean
}

/** Where a vCPU frees roots: after a request, when it loads CR3, and when the guest changes CR0.WP. */
export const FREES = { request: 'RUN.1', cr3: 'NP/NP.4 free', cr0: 'CR0' } as const

/** KVM_REQ_MMU_FREE_OBSOLETE_ROOTS and KVM_REQ_TLB_FLUSH in what kvm_make_all_cpus_request() is given. */
const FREE_OBSOLETE_ROOTS = 39
const TLB_FLUSH = 0

/** What slice "roots" notes of a log while it goes through it: identities of root pages, lock sections, vCPUs. */
export class RootsNotes {
  readonly #kernel: Kernel
  readonly #pgds: readonly number[]
  readonly #vcpuOf: ReadonlyMap<number, number>
  readonly #threads = new Map<number, ThreadNotes>()
  readonly #births = new Map<number, number>()
  /** Live root pages by the address of their struct. */
  readonly #pages = new Map<number, string>()
  /** Names of root pages by the physical address of their table. */
  readonly #tables = new Map<number, string>()
  /** mmu_release() has begun: the VM is torn down, which is not part of the slice. */
  isOver = false

  constructor(kernel: Kernel, { pgds, vcpuOf }: Pick<RootsCensus, 'pgds' | 'vcpuOf'>) {
    this.#kernel = kernel
    this.#pgds = pgds
    this.#vcpuOf = vcpuOf
  }

  of({ tid }: { readonly tid: number }): ThreadNotes {
    let notes = this.#threads.get(tid)
    if (notes === undefined) {
      notes = {
        vcpu: this.#vcpuOf.get(tid) ?? null,
        section: null,
        exit: null,
        freePath: FREES.request,
        toFree: [],
        rootMmuIsDone: false,
        created: false,
        looked: null,
        invalidated: false,
        zapsAll: false,
      }
      this.#threads.set(tid, notes)
    }
    return notes
  }

  /** The name of a live root page, by the address of its struct; undefined for any other page. */
  page(sp: number): string | undefined {
    return this.#pages.get(sp)
  }

  /** The name of the root page with this table. One that the slice has not seen gets a name that is never bound. */
  root(hpa: number): string {
    return this.#tables.get(hpa) ?? `table ${hpa.toString(16)}`
  }

  /** The number of the page directory that kvm_mmu_new_pgd() is given; all of them are number 0 for a direct root. */
  pgd({ pgd, role }: { readonly pgd: number | null; readonly role: number }): number {
    return this.frame({ gfn: (pgd ?? -1) / 4096, role })
  }

  /** The number of the frame that a root page shadows; -1 for one that the census has not seen. */
  frame({ gfn, role }: { readonly gfn: number; readonly role: number }): number {
    return roleOf(this.#kernel, role).direct ? 0 : this.#pgds.indexOf(gfn)
  }

  /** Notes what the row of an event needs. */
  before(event: TraceEvent): void {
    const notes = this.of(event)
    switch (event.name) {
      case 'mn_release':
        this.isOver = true
        break
      case 'kvm_exit':
        notes.exit = { isMade: false, was: 'other', pgd: -1 }
        break
      case 'vcpu_run':
      case 'free_obsolete_roots':
      case 'mmu_load':
        decideExit(notes, 'other')
        break
      case 'kvm_mmu_get_page':
        notes.created = event.created === 'new'
        break
      case 'get_sp':
        if (event.fn === 'mmu_alloc_root') this.#lookUp(event, notes)
        break
      case 'alloc_root':
        if (event.hpa !== null && notes.looked !== null) this.#tables.set(event.hpa, notes.looked)
        break
      case 'new_pgd':
        notes.freePath = FREES.cr3
        decideExit(notes, 'pgd', this.pgd(event))
        break
      case 'mmu_reset_context':
        notes.freePath = FREES.cr0
        decideExit(notes, 'cr0')
        break
      case 'stale_chk':
        notes.invalidated = event.fseq !== event.kseq || event.inprog !== 0
        break
      case 'wlock_acq':
        notes.section = sectionOf(event.fn, notes)
        if (notes.section.role === 'fault') decideExit(notes, 'fault')
        break
      case 'zap_all_fast':
        decideSection(notes, 'memslot')
        break
      case 'prep_zap':
        this.#zap(event, notes)
        break
      case 'req_all':
        if (notes.section !== null) notes.section.request = requestIn(notes.section, event.req & 0xff)
        break
      case 'wunlock':
        decideSection(notes, 'elsewhere')
        break
    }
  }

  /** Notes what no longer holds after an event, or not yet at it. */
  after(event: TraceEvent): void {
    const notes = this.of(event)
    const { section } = notes
    switch (event.name) {
      case 'free_obsolete_roots':
        notes.freePath = FREES.request
        notes.rootMmuIsDone = !notes.rootMmuIsDone
        break
      case 'vcpu_run':
        notes.rootMmuIsDone = false
        notes.freePath = FREES.request
        break
      case 'free_roots':
        notes.toFree = rootsIn(event, event.mask)
        break
      case 'free_root_page':
        section?.toFree.shift()
        if (section !== null) section.rootsFreed++
        break
      case 'kmem_cache_free':
        if (this.#pages.delete(event.ptr) && section !== null) section.pagesFreed++
        break
      case 'wunlock':
        notes.zapsAll = section?.role === 'memslot'
        notes.section = null
        notes.toFree = []
        break
    }
  }

  #lookUp({ sp }: EventOf<'get_sp'>, notes: ThreadNotes): void {
    const known = this.#pages.get(sp)
    notes.created ||= known === undefined
    notes.looked = notes.created || known === undefined ? this.#born(sp) : known
  }

  /** Addresses come back: the name of a page is its address and how often a root page was there. */
  #born(sp: number): string {
    const birth = (this.#births.get(sp) ?? 0) + 1
    this.#births.set(sp, birth)
    const name = `${sp.toString(16)}#${birth}`
    this.#pages.set(sp, name)
    return name
  }

  #zap({ sp, rootc }: EventOf<'prep_zap'>, notes: ThreadNotes): void {
    const name = this.#pages.get(sp)
    if (name === undefined) return
    decideSection(notes, 'zapper')
    if (rootc === 0) notes.section?.listed.add(name)
  }
}

function decideExit({ exit }: ThreadNotes, was: Exit['was'], pgd = -1): void {
  if (exit === null || exit.isMade) return
  exit.isMade = true
  exit.was = was
  exit.pgd = pgd
}

function decideSection({ section }: ThreadNotes, role: Role): void {
  if (section === null || section.isMade) return
  section.isMade = true
  section.role = role
}

/** The section that begins, as far as the caller of write_lock() tells what it does. */
function sectionOf(caller: string, { freePath, toFree, vcpu, zapsAll }: ThreadNotes): Section {
  const isRetaken = zapsAll && caller.includes('cond_resched')
  const known = isRetaken ? 'memslot' : vcpu === null ? null : roleOfCaller(caller)
  return {
    isMade: known !== null,
    role: known ?? 'elsewhere',
    path: freePath,
    isRetaken,
    listed: new Set(),
    toFree,
    rootsFreed: 0,
    pagesFreed: 0,
    request: null,
  }
}

function roleOfCaller(caller: string): Role | null {
  if (caller === 'kvm_mmu_free_roots') return 'free'
  if (caller === 'kvm_mmu_load') return 'load'
  return caller.endsWith('_page_fault') ? 'fault' : null
}

/** The block in which the thread that stands for the holder of the lock sends a request. */
function requestIn({ role, path, listed }: Section, request: number): string | null {
  if (request === FREE_OBSOLETE_ROOTS) return role === 'memslot' ? 'ZF.4/request' : 'ZAP.9/request'
  // Other flushes are for what is below the roots.
  if (request !== TLB_FLUSH || listed.size === 0) return null
  if (role === 'memslot') return 'ZF.6/CM.2'
  return role === 'free' ? `${path}/FR.4/CM.2` : 'CM/CM.2'
}

/**
 * The slots that kvm_mmu_free_roots() calls mmu_free_root_page() for, in its order: the previous ones, empty ones
 * included, and then the current one.
 */
export function rootsIn({ rhpa, h0, h1, h2 }: PrintedRoots, mask: number): (number | null)[] {
  const slots = [h0, h1, h2].filter((_, i) => (mask & (2 << i)) !== 0)
  return (mask & 1) === 0 || rhpa === null ? slots : [...slots, rhpa]
}
