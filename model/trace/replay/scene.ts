import type { StepView } from '../../language/property.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Census } from '../census.ts'
import { indexOf } from '../census.ts'
import { LogError } from '../errors.ts'
import type { TraceEvent } from '../line.ts'
import { Renaming } from '../renaming.ts'
import type { PLACES, Room } from '../world.ts'

/** The places of all threads, as a replay sets them. */
export type At = {
  readonly [K in keyof typeof PLACES]: { [self: number]: (typeof PLACES)[K][number]; readonly length: number }
}

/** What a replay acts on. */
export interface Stage {
  readonly world: Kvm
  readonly at: At
  /** What was written since the last call is one step; null: no step that properties ask for. */
  took(step: StepView | null): void
}

/** A thread of the log during the replay. */
export interface ReplayThread {
  /** The vCPU that it runs, -1 before that is known. */
  vcpu: number
  /** Pages that it zaps, the innermost last: __kvm_mmu_prepare_zap_page() calls itself for children. */
  readonly zapping: number[]
  /** kvm_mmu_get_page was seen, and the return of the function was not yet. */
  gets: boolean
  /** kvm_make_all_cpus_request() is in its loop: the request, and the vCPU that comes next. */
  asking: { readonly req: number; next: number } | null
  /** The page that kvm_mmu_get_page said it had built. */
  built: boolean
  /** A leaf that is written: its SPTE, until kvm_mmu_set_spte says which frame it maps. */
  leaf: { sptep: number; spte: string } | null
  /** rmap_add() is to find the rmap of this frame. */
  added: { readonly spte: number; readonly gfn: number; readonly frame: number; readonly slot: number } | null
  /** Sends KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, for one page or, in a zap of everything, for all. */
  requesting: { page: number | null } | null
  /** In kvm_mmu_zap_all_fast(), updating memslots, freeing obsolete roots, in kvm_mmu_zap_oldest_mmu_pages(). */
  zapsAll: boolean
  updatesSlots: boolean
  freesObsolete: boolean
  reclaims: boolean
  resets: boolean
  /** The notifiers between start and end, the innermost last: host code nests them. */
  readonly notifiers: number[]
  /** The vCPU whose roots it works on; in teardown another thread than the one that runs it. */
  rootsOf: number
  /** kvm_zap_all_rmap_sptes() has yet to empty the rmap of this frame. */
  zapsRmap: number | null
  /** The guest table that kvm_mmu_paging_element is in, and the address that is walked. */
  walk: { address: number; table: number | null }
  /** kvm_mmu_new_pgd() may have rotated the roots since they were printed. */
  rotated: boolean
  /** kvm_tdp_mmu_alloc_root() has set a root; load_pgd is the first to say which. */
  loadsTdpRoot: boolean
  /** What kvm_mmu_free_roots() was called with. */
  freeing: { mmu: number; mask: number } | null
}

const noThread = (): ReplayThread => ({
  vcpu: -1,
  zapping: [],
  gets: false,
  asking: null,
  built: false,
  leaf: null,
  added: null,
  requesting: null,
  zapsAll: false,
  updatesSlots: false,
  freesObsolete: false,
  reclaims: false,
  resets: false,
  notifiers: [],
  rootsOf: -1,
  zapsRmap: null,
  walk: { address: 0, table: null },
  rotated: false,
  loadsTdpRoot: false,
  freeing: null,
})

/** An SPTE of the replayed state. */
export interface Place {
  readonly page: number
  readonly index: number
}

/** The replayed state together with the names that the log has for its parts. */
export class Scene {
  readonly stage: Stage
  readonly kvm: Kvm
  readonly at: At
  readonly census: Census
  readonly room: Room
  readonly #threads = new Map<number, ReplayThread>()
  /** Pages by the address of their header; by that of their table without the offset in it; by their list of parents. */
  readonly pages: Renaming
  readonly tables = new Map<number, number>()
  readonly parents = new Map<number, number>()
  /** The header of each page, to give its names back. */
  readonly headers: { sp: number; spt: number }[] = []
  /** By slot and level, the head of the rmap that frame 0 would have: they are arrays. Of the present memslots only. */
  readonly rmapArrays = new Map<string, number>()
  /** Frames by the head of their rmap. */
  readonly rmaps = new Map<number, number>()
  readonly pfns: Renaming
  /** How many SPTEs map each host page. */
  readonly mapped: number[] = []
  /** Direct map: the address of a table minus its physical address. Known with the first root. */
  directMap: number | null = null

  constructor(stage: Stage, census: Census, room: Room) {
    this.stage = stage
    this.kvm = stage.world
    this.at = stage.at
    this.census = census
    this.room = room
    this.pages = new Renaming(room.pages, room.pageOrder)
    this.pfns = new Renaming(room.pfns)
  }

  thread({ tid }: TraceEvent): ReplayThread {
    let thread = this.#threads.get(tid)
    if (thread === undefined) {
      thread = noThread()
      thread.vcpu = this.census.threads.find((t) => t.tid === tid)?.vcpu ?? -1
      thread.rootsOf = thread.vcpu
      this.#threads.set(tid, thread)
    }
    return thread
  }

  /** The id of a frame of the log. */
  gfn(number: number): number {
    const id = this.room.frames.gfns.get(number)
    if (id === undefined)
      throw new LogError(`has frame 0x${number.toString(16)}, which the first pass did not find`)
    return id
  }

  /** The id of a frame, or null for one that the replay has no room for because nothing maps or shadows it. */
  knownGfn(number: number): number | null {
    return this.room.frames.gfns.get(number) ?? null
  }

  /** The SPTE at an address; null in a table that is not a shadow page of the log. */
  place(sptep: number): Place | null {
    const page = this.tables.get(sptep - (sptep % 4096))
    const index = this.room.frames.indices.get(indexOf(sptep))
    return page === undefined || index === undefined ? null : { page, index }
  }

  /** The shadow page whose table has this physical address. */
  pageAt(hpa: number | null): number | null {
    if (hpa === null || this.directMap === null) return null
    return this.tables.get(hpa + this.directMap) ?? null
  }

  /** The step of a thread, for action properties. */
  step(thread: ReplayThread, path: string): void {
    const kind = kindOf(thread)
    this.stage.took({ kind, self: selfOf(thread, kind), path })
  }

  /** Moves a thread to a place of its kind. */
  move(thread: ReplayThread, where: 'zap' | 'half zapped' | 'request' | 'back'): void {
    const page = thread.zapping.at(-1) ?? null
    const { at, kvm } = this
    const kind = kindOf(thread)
    if (kind === 'vcpu') {
      const outer = thread.freesObsolete ? 'RUN.1' : 'PF'
      kvm.vcpu[thread.vcpu].zap_sp = page
      kvm.vcpu[thread.vcpu].zapped_root = thread.requesting !== null
      if (where === 'back') at.vcpu[thread.vcpu] = thread.freesObsolete ? 'RUN.1/FR.1' : 'RUN.0'
      else if (where === 'request') at.vcpu[thread.vcpu] = `${outer}/ZAP.9/request/REQ.1`
      else at.vcpu[thread.vcpu] = `${outer}/ZAP.${where === 'zap' ? 2 : 6}`
    } else if (kind === 'memslot') {
      kvm.memslot[0].sp = page
      if (where === 'back' || where === 'zap') at.memslot[0] = thread.zapsAll ? 'ZF.5' : at.memslot[0]
      else if (where === 'request')
        at.memslot[0] = thread.zapping.length > 0 ? 'ZF.5/ZAP.9/request/REQ.1' : 'ZF.4/request/REQ.1'
      else at.memslot[0] = 'ZF.5/ZAP.6'
    } else {
      kvm.zapper[0].sp = page
      at.zapper[0] =
        where === 'back'
          ? 'idle'
          : where === 'request'
            ? 'ZAP.9/request/REQ.1'
            : where === 'zap'
              ? 'ZAP.2'
              : 'ZAP.6'
    }
  }
}

/** The kind of model thread that does what a thread of the log is doing. */
export function kindOf({
  vcpu,
  updatesSlots,
  notifiers,
}: ReplayThread): 'vcpu' | 'memslot' | 'notifier' | 'zapper' {
  if (notifiers.length > 0) return 'notifier'
  if (updatesSlots) return 'memslot'
  return vcpu >= 0 ? 'vcpu' : 'zapper'
}

const selfOf = ({ vcpu, notifiers }: ReplayThread, kind: string): number =>
  kind === 'vcpu' ? vcpu : kind === 'notifier' ? (notifiers.at(-1) ?? 0) : 0

/** A number as the log has it. */
export const shown = (value: number | null): string => (value === null ? 'none' : `0x${value.toString(16)}`)
