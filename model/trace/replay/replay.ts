import type { Census } from '../census.ts'
import { Disagreement } from '../errors.ts'
import type { EventOf, TraceEvent } from '../line.ts'
import type { Room } from '../world.ts'
import {
  beginSync,
  beginZap,
  clearMarks,
  endZap,
  freePage,
  getShadowPage,
  isOfRequest,
  markUnsync,
  requestReload,
  requestReturned,
  setUnsync,
} from './pages.ts'
import { RootTable } from './roots.ts'
import { kindOf, type ReplayThread, Scene, type Stage, shown } from './scene.ts'
import { SlotTable } from './slots.ts'
import {
  clearSpte,
  fastPageFault,
  listAdd,
  listRemove,
  rmapAdd,
  rmapZapped,
  setMmio,
  setSpte,
  update,
  zapPte,
  zapRmap,
} from './sptes.ts'

/** Numbers of requests, in the low byte of `req`. */
const TLB_FLUSH = 0
const FREE_OBSOLETE_ROOTS = 39

/** What a vCPU does while it frees obsolete roots. */
const FREES_ROOTS: ReadonlySet<TraceEvent['name']> = new Set<TraceEvent['name']>([
  'free_obsolete_roots',
  'free_roots',
  'free_root_page',
  'wlock',
  'wlock_acq',
  'wunlock',
  'prep_zap',
  'kvm_mmu_prepare_zap_page',
  'prep_zap_ret',
  'zap_pte',
  'drop_spte',
  'spte_clear',
  'pte_list_remove',
  'kvm_mmu_sync_page',
  'commit_zap',
  'flush_remote',
  'flush_remote_range',
  'req_all',
  'req_vcpu',
  'kmem_cache_free',
  'rlock',
  'rlock_acq',
  'runlock',
  'tdp_put_root',
  'tdp_zap_root',
  'tdp_rcu_free',
  'kvm_tdp_mmu_spte_changed',
])

/** Replays a log, event by event, on the state of the model. */
export class Replay {
  readonly #scene: Scene
  readonly #roots: RootTable
  readonly #slots: SlotTable
  /** Roots of syncs in the section of mmu_lock that lasts. */
  readonly #synced = new Set<number>()
  /** kvm_mmu_zap_all() has begun; and kvm_destroy_vm() frees the slots. */
  #isTornDown = false
  #isDestroyed = false
  /** vCPUs that the last request was made to. */
  #vcpus = 0

  constructor(stage: Stage, census: Census, room: Room) {
    this.#scene = new Scene(stage, census, room)
    this.#roots = new RootTable(this.#scene)
    this.#slots = new SlotTable(this.#scene)
  }

  /** The page of the replayed state that has this address now; null for none. */
  pageAt(sp: number): number | null {
    return this.#scene.pages.get(sp)
  }

  /**
   * The log is over.
   * @param last its last event.
   * @throws Disagreement when pages are left that the end of the VM should have freed.
   */
  end(last: TraceEvent): void {
    const { pages, census } = this.#scene
    const [left] = pages.numbers()
    if (left !== undefined && this.#isDestroyed && !census.tdpMmu)
      throw new Disagreement(last, `the VM is gone, and page ${shown(left)} is not freed`)
  }

  push(event: TraceEvent): void {
    const scene = this.#scene
    const thread = scene.thread(event)
    if (thread.requesting !== null && !isOfRequest(event)) requestReturned(scene, thread)
    if (thread.resets && !FREES_ROOTS.has(event.name) && event.name !== 'mmu_unload') this.#reset(thread)
    if (thread.asking !== null && !isOfRequest(event)) this.#asked(event, thread)
    if (thread.freesObsolete && !FREES_ROOTS.has(event.name)) this.#freed(thread)
    if (thread.zapsRmap !== null && event.name !== 'spte_clear') rmapZapped(scene, thread, thread.zapsRmap)
    this.#take(event, thread)
  }

  #take(event: TraceEvent, thread: ReplayThread): void {
    const scene = this.#scene
    switch (event.name) {
      case 'wlock':
        if (event.lock !== scene.census.kvm) return
        this.#slots.counted(thread)
        return
      case 'wlock_acq':
        if (event.lock === scene.census.kvm) this.#locked(event, thread)
        return
      case 'wunlock':
        if (event.lock === scene.census.kvm) this.#unlocked(event, thread)
        return
      case 'kvm_mmu_get_page':
        if (thread.gets) throw new Disagreement(event, 'a page was looked up and not returned')
        thread.gets = !scene.census.tdpMmu
        thread.built = event.created === 'new'
        return
      case 'get_sp':
        thread.gets = false
        getShadowPage(scene, event)
        return
      case 'prep_zap':
        beginZap(scene, event)
        return
      case 'prep_zap_ret':
        endZap(scene, event)
        return
      case 'kmem_cache_free':
        freePage(scene, event)
        return
      case 'kvm_mmu_sync_page':
      case 'kvm_mmu_unsync_page':
        setUnsync(scene, event)
        return
      case 'mark_unsync':
        markUnsync(scene, event)
        return
      case 'mmu_sync_children': {
        const page = beginSync(scene, event)
        if (page !== null) this.#synced.add(page)
        return
      }
      case 'spte_update':
        update(scene, event)
        return
      case 'kvm_mmu_set_spte':
        setSpte(scene, event)
        return
      case 'mark_mmio_spte':
        setMmio(scene, event)
        return
      case 'spte_clear':
        clearSpte(scene, event)
        return
      case 'zap_pte':
        zapPte(scene, event)
        return
      case 'fast_page_fault':
        fastPageFault(scene, event)
        return
      case 'rmap_add':
        rmapAdd(scene, event)
        this.#slots.isIn(scene.gfn(event.gfn), event.slot)
        return
      case 'pte_list_add':
        listAdd(scene, event)
        return
      case 'pte_list_remove':
        listRemove(scene, event)
        return
      case 'zap_all_rmap':
        zapRmap(scene, event)
        return
      case 'zap_oldest':
        thread.reclaims = true
        return
      case 'zap_all_fast':
        this.#zapAll(event, thread)
        return
      case 'req_all':
        thread.asking = { req: event.req, next: 0 }
        if ((event.req & 255) === FREE_OBSOLETE_ROOTS) requestReload(scene, event)
        return
      case 'req_vcpu':
        this.#request(event, thread)
        return
      case 'set_memslot':
        this.#slots.begin(event)
        return
      case 'set_memslot_ret':
        this.#slots.returned(thread)
        return
      case 'swap_memslots':
        scene.rmapArrays.clear()
        this.#slots.swap()
        return
      case 'srcu_exp':
        this.#slots.graced()
        return
      case 'srcu_exp_ret':
        this.#slots.waited(thread)
        return
      case 'free_memslot':
        if (this.#isTornDown) this.#isDestroyed = true
        this.#slots.freed(event)
        return
      case 'flush_shadow_all':
        this.#isTornDown = true
        return
      case 'mn_start':
        this.#slots.notify(event, thread)
        return
      case 'mn_start_ret':
        this.#slots.counted(thread)
        return
      case 'mn_end':
        this.#slots.end(thread)
        return
      case 'unmap_gfn_range':
        this.#slots.unmap(event, thread)
        return
      case 'inv_end':
        this.#slots.ended(event, thread)
        return
      default:
        this.#takeOfVcpu(event, thread)
    }
  }

  #takeOfVcpu(event: TraceEvent, thread: ReplayThread): void {
    const { kvm, at, stage } = this.#scene
    switch (event.name) {
      case 'mmu_load':
        this.#roots.load(event)
        return
      case 'mmu_unload':
        this.#roots.unload(event)
        return
      case 'new_pgd':
        this.#roots.newPgd(event)
        return
      case 'free_obsolete_roots':
        this.#roots.freeObsolete(event)
        return
      case 'free_roots':
        this.#roots.freeRoots(event)
        return
      case 'free_root_page':
        this.#roots.freeRoot(event)
        return
      case 'alloc_root':
        this.#learnDirectMap(event)
        this.#roots.allocated(event)
        return
      case 'mmu_reset_context':
        thread.rootsOf = event.vcpu
        thread.resets = true
        return
      case 'tdp_get_root':
        thread.loadsTdpRoot = true
        return
      case 'load_pgd':
        this.#roots.current(event, event.vcpu, event.root)
        return
      case 'kvm_nested_vmenter':
        if (thread.vcpu >= 0) this.#roots.nest(thread.vcpu, 1)
        return
      case 'kvm_nested_vmexit':
        return
      case 'vcpu_run':
        this.#roots.current(event, event.vcpu, event.rhpa)
        this.#roots.enters(event)
        if (at.vcpu[event.vcpu] === 'RUN.9') throw new Disagreement(event, 'the guest was not left')
        at.vcpu[event.vcpu] = 'RUN.8'
        kvm.vcpu[event.vcpu].mode = 'IN_GUEST_MODE'
        stage.took(null)
        return
      case 'kvm_entry':
        if (at.vcpu[event.vcpu] !== 'RUN.8')
          throw new Disagreement(event, 'the guest is entered without vcpu_run')
        at.vcpu[event.vcpu] = 'RUN.9'
        stage.took({ kind: 'vcpu', self: event.vcpu, path: 'RUN.8' })
        return
      case 'kvm_exit':
        if (at.vcpu[event.vcpu] !== 'RUN.9')
          throw new Disagreement(event, 'the guest is left and was not entered')
        at.vcpu[event.vcpu] = 'exit: other'
        kvm.vcpu[event.vcpu].mode = 'OUTSIDE_GUEST_MODE'
        stage.took({ kind: 'vcpu', self: event.vcpu, path: 'exit: other' })
        return
      case 'faultin':
        at.vcpu[event.vcpu] = 'PF/PF.7'
        stage.took(null)
        return
      case 'stale_chk':
        this.#roots.current(event, event.vcpu, event.rhpa)
        at.vcpu[event.vcpu] = 'PF/PF.12'
        stage.took({ kind: 'vcpu', self: event.vcpu, path: 'PF/PF.11' })
        return
      case 'kvm_mmu_spte_requested': {
        const gfn = this.#scene.knownGfn(event.gfn)
        if (thread.vcpu < 0 || event.pfn === null || gfn === null) return
        kvm.vcpu[thread.vcpu].fault.gpte[0].to = gfn
        at.vcpu[thread.vcpu] = 'PF/SET.4'
        stage.took(null)
        return
      }
      case 'kvm_mmu_pagetable_walk':
        thread.walk = { address: Number.parseInt(event.address.slice(-12), 16), table: null }
        return
      case 'kvm_mmu_paging_element':
        walked(this.#scene, thread, event)
        return
      default:
    }
  }

  #learnDirectMap({ hpa }: EventOf<'alloc_root'>): void {
    const scene = this.#scene
    if (scene.directMap !== null || hpa === null) return
    for (const table of scene.tables.keys()) scene.directMap = table - hpa
  }

  #locked(event: TraceEvent, thread: ReplayThread): void {
    const { kvm, stage } = this.#scene
    if (kvm.mmu_lock !== 'free')
      throw new Disagreement(event, 'mmu_lock is taken while another thread holds it')
    kvm.mmu_lock = kindOf(thread)
    stage.took(null)
  }

  #unlocked(event: TraceEvent, thread: ReplayThread): void {
    const { kvm, at, stage } = this.#scene
    if (thread.zapping.length > 0)
      throw new Disagreement(event, 'mmu_lock is released in the middle of a zap')
    if (thread.gets) throw new Disagreement(event, 'a page was looked up and not returned')
    this.#slots.unmapped(thread)
    clearMarks(this.#scene, this.#synced)
    this.#synced.clear()
    if (thread.zapsAll) {
      thread.zapsAll = false
      kvm.memslot[0].left = 0
      at.memslot[0] = 'SL.2'
    }
    thread.reclaims = false
    if (thread.vcpu >= 0 && !thread.freesObsolete && at.vcpu[thread.vcpu].startsWith('PF/')) {
      at.vcpu[thread.vcpu] = 'RUN.0'
      kvm.vcpu[thread.vcpu].fault.pfn = null
    }
    kvm.mmu_lock = 'free'
    stage.took(null)
    this.#slots.left(thread)
  }

  /** The request was made to all vCPUs, as many as last time or more. */
  #asked(event: TraceEvent, thread: ReplayThread): void {
    const count = thread.asking?.next ?? 0
    thread.asking = null
    if (count < this.#vcpus)
      throw new Disagreement(event, `a request was made to ${count} of ${this.#vcpus} vCPUs`)
    this.#vcpus = count
  }

  /** `kvm_mmu_unload()` has returned to kvm_mmu_reset_context(). */
  #reset(thread: ReplayThread): void {
    const { at, stage } = this.#scene
    thread.resets = false
    at.vcpu[thread.rootsOf] = 'CR0/FR.end'
    stage.took(null)
    at.vcpu[thread.rootsOf] = 'RUN.0'
    stage.took(null)
  }

  #freed(thread: ReplayThread): void {
    thread.freesObsolete = false
    thread.freeing = null
    this.#scene.at.vcpu[thread.vcpu] = 'RUN.0'
    this.#scene.stage.took(null)
  }

  #zapAll(event: EventOf<'zap_all_fast'>, thread: ReplayThread): void {
    const { kvm, at, stage } = this.#scene
    if (event.gen !== kvm.mmu_valid_gen)
      throw new Disagreement(event, `gen=${event.gen}, and ${kvm.mmu_valid_gen} is replayed`)
    thread.zapsAll = true
    at.memslot[0] = 'ZF.2'
    stage.took(null)
  }

  #request(event: EventOf<'req_vcpu'>, thread: ReplayThread): void {
    const { vcpu, req } = event
    if (thread.asking === null || thread.asking.req !== req || thread.asking.next !== vcpu)
      throw new Disagreement(event, 'the request is not one that kvm_make_all_cpus_request() is making')
    thread.asking.next++
    const { requests } = this.#scene.kvm.vcpu[vcpu]
    if ((req & 255) === FREE_OBSOLETE_ROOTS) requests.add('FREE_OBSOLETE_ROOTS')
    else if ((req & 255) === TLB_FLUSH) requests.add('TLB_FLUSH')
    else return
    this.#scene.stage.took(null)
  }
}

/** KVM reads a guest entry: the page-size bit of one says that a leaf above level 1 is as it should be. */
function walked(
  { kvm, room, census }: Scene,
  { walk }: ReplayThread,
  { pte, level }: EventOf<'kvm_mmu_paging_element'>,
): void {
  const low = Number.parseInt(pte.slice(-12), 16)
  const isHuge = level > 1 && (low & PAGE_SIZE) !== 0
  const table = walk.table === null ? undefined : room.frames.gfns.get(walk.table)
  const index = room.frames.indices.get(Math.floor(walk.address / 2 ** (12 + 9 * (level - 1))) % 512)
  if (!census.npt && table !== undefined && index !== undefined && level > 1)
    kvm.guest_table[table][index].huge = isHuge
  walk.table = isHuge ? null : Math.floor(low / 4096)
}

const PAGE_SIZE = 0x80
