import { match } from 'ts-pattern'
import type { InvalidList } from '../../memory/shadow/fields.ts'
import {
  alloc_shadow_page,
  clear_spte,
  free_shadow_page,
  is_obsolete_sp,
  list_del_active,
  sp_has_gptes,
} from '../../memory/shadow/shadow-page.ts'
import { account_shadowed, clear_unsync_marks } from '../../memory/shadow/write-tracking.ts'
import { Disagreement, LogError } from '../errors.ts'
import { roleOf } from '../kernel.ts'
import type { EventOf, TraceEvent } from '../line.ts'
import { kindOf, type ReplayThread, type Scene, shown } from './scene.ts'

type PageEvent = EventOf<'get_sp' | 'prep_zap' | 'mmu_sync_children'>
type PageText = EventOf<'kvm_mmu_sync_page' | 'kvm_mmu_unsync_page'>

const PARENT_PTES = { '6.1': 72, '6.12': 72, '7.2': 80 } as const satisfies Record<string, number>

/** `kvm_mmu_get_shadow_page()` has returned: a page was built, or one that exists is used again. */
export function getShadowPage(scene: Scene, event: EventOf<'get_sp'>): void {
  const thread = scene.thread(event)
  if (thread.built) build(scene, event)
  thread.built = false
  const page = scene.pages.get(event.sp)
  if (page === null)
    throw new Disagreement(event, `page ${shown(event.sp)} exists already, but nothing has built it`)
  agree(scene, event, page)
}

function build(scene: Scene, event: EventOf<'get_sp'>): void {
  const { kvm } = scene
  if (scene.pages.get(event.sp) !== null)
    throw new Disagreement(event, `page ${shown(event.sp)} is built anew and was not freed`)
  const page = scene.pages.idOf(event.sp)
  if (page === null) throw new LogError('has more shadow pages than the first pass counted')
  const role = roleOf(scene.census.kernel, event.role)
  if (event.gen !== kvm.mmu_valid_gen)
    throw new Disagreement(event, `gen=${event.gen}, and mmu_valid_gen is ${kvm.mmu_valid_gen}`)
  const table = event.spt
  scene.tables.set(table, page)
  scene.parents.set(event.sp + PARENT_PTES[scene.census.kernel.version as keyof typeof PARENT_PTES], page)
  scene.headers[page] = { sp: event.sp, spt: table }
  alloc_shadow_page(kvm, page, scene.gfn(event.gfn), role.level, {
    direct: role.direct,
    no_write: role.no_write,
    guest_mode: role.guest_mode,
    pae: false,
    wp_clear: role.wp_clear,
  })
  account_shadowed(kvm, page)
  scene.step(scene.thread(event), 'PF/FETCH/GET.6')
}

/** Compares a page with what an event prints of it. */
function agree(scene: Scene, event: PageEvent, page: number): void {
  const sp = scene.kvm.page[page]
  const role = roleOf(scene.census.kernel, event.role)
  const compare = (what: string, log: number | boolean, replayed: number | boolean): void => {
    if (log !== replayed)
      throw new Disagreement(
        event,
        `${what}=${Number(log)} of page ${shown(event.sp)}, and ${Number(replayed)} is replayed`,
      )
  }
  compare('level', role.level, sp.level)
  compare('invalid', role.invalid, sp.role_invalid)
  compare('gen', event.gen, sp.mmu_valid_gen)
  compare('unsync', event.unsync === 1, sp.unsync)
  compare('rootc', event.rootc, sp.root_count)
  compare('gfn', scene.gfn(event.gfn), sp.gfn ?? -1)
  compare(
    'parents',
    event.parents !== 0,
    [...sp.parent_ptes].some((entries) => !entries.isEmpty()),
  )
}

/** `__kvm_mmu_prepare_zap_page()` begins. */
export function beginZap(scene: Scene, event: EventOf<'prep_zap'>): void {
  const { kvm } = scene
  const thread = scene.thread(event)
  const page = scene.pages.get(event.sp)
  if (page === null) throw new Disagreement(event, `page ${shown(event.sp)} is zapped and does not exist`)
  agree(scene, event, page)
  if (event.indirect !== kvm.indirect_shadow_pages)
    throw new Disagreement(
      event,
      `indirect=${event.indirect}, and ${kvm.indirect_shadow_pages} pages are counted`,
    )
  if (event.vmgen !== kvm.mmu_valid_gen)
    throw new Disagreement(event, `vmgen=${event.vmgen}, and mmu_valid_gen is ${kvm.mmu_valid_gen}`)
  thread.zapping.push(page)
  scene.move(thread, 'zap')
  scene.step(thread, 'ZAP.0')
}

/**
 * What `__kvm_mmu_prepare_zap_page()` does last and without an event: it takes the page off active_mmu_pages and marks
 * it. Then it sends the request, if it has to.
 */
function finishZap(scene: Scene, thread: ReplayThread, page: number): void {
  const { kvm } = scene
  const sp = kvm.page[page]
  if (!sp.role_invalid && sp_has_gptes(kvm, page)) {
    kvm.indirect_shadow_pages--
    if (sp.level > 1) kvm.gfn_write_track[sp.gfn as number]--
  }
  // An MMIO SPTE is taken away without an event, also in a sync that finds that its guest entry has changed.
  for (const entry of sp.spte) if (entry.kind === 'mmio') clear_spte(entry)
  if (sp.list === 'active') list_del_active(kvm, page)
  sp.list = sp.root_count > 0 ? 'pinned' : listOf(thread)
  sp.role_invalid = true
  scene.step(thread, `${thread.reclaims ? 'PF/PF.13/' : ''}ZAP.8`)
}

const listOf = (thread: ReplayThread): InvalidList =>
  match(kindOf(thread))
    .with('vcpu', () => 'invalid_list of vcpu' as const)
    .with('memslot', () => 'invalid_list of memslot' as const)
    .otherwise(() => 'invalid_list of zapper' as const)

/** A request to leave obsolete roots is sent, from within a zap or from that of all pages. */
export function requestReload(scene: Scene, event: EventOf<'req_all'>): void {
  const { kvm } = scene
  const thread = scene.thread(event)
  const page = thread.zapping.at(-1)
  if (page !== undefined) {
    if (kvm.page[page].root_count === 0)
      throw new Disagreement(event, 'the page that is zapped is not a root, and a request is sent for it')
    thread.requesting = { page }
    scene.move(thread, 'request')
    finishZap(scene, thread, page)
  } else if (thread.zapsAll) {
    thread.requesting = { page: null }
    kvm.mmu_valid_gen ^= 1
    scene.at.memslot[0] = 'ZF.4/request/REQ.1'
    scene.step(thread, 'ZF.2')
  }
}

/** `kvm_make_all_cpus_request()` has returned. */
export function requestReturned(scene: Scene, thread: ReplayThread): void {
  const { kvm } = scene
  const { page } = thread.requesting ?? { page: null }
  thread.requesting = null
  if (page !== null) kvm.page[page].request_sent = true
  else
    for (let p = 0; p < kvm.page.length; p++)
      if (kvm.page[p].list !== 'free' && is_obsolete_sp(kvm, p)) kvm.page[p].request_sent = true
  scene.move(thread, page === null ? 'back' : 'half zapped')
  scene.stage.took(null)
}

/** `__kvm_mmu_prepare_zap_page()` has returned. */
export function endZap(scene: Scene, event: EventOf<'prep_zap_ret'>): void {
  const thread = scene.thread(event)
  const page = thread.zapping.at(-1)
  if (page === undefined) throw new Disagreement(event, 'a zap returns that has not begun')
  const { role_invalid, root_count, list } = scene.kvm.page[page]
  // Without a request: the page is no root, is obsolete already, or was zapped before and loses its last root now.
  if (!role_invalid || (list === 'pinned' && root_count === 0)) {
    if (!role_invalid && root_count > 0 && !is_obsolete_sp(scene.kvm, page))
      throw new Disagreement(event, 'a root is zapped without a request to leave it')
    finishZap(scene, thread, page)
  }
  thread.zapping.pop()
  scene.move(thread, thread.zapping.length === 0 ? 'back' : 'zap')
  scene.stage.took(null)
}

/** A page header is freed. */
export function freePage(scene: Scene, event: EventOf<'kmem_cache_free'>): void {
  const page = scene.pages.get(event.ptr)
  if (page === null) {
    // The others are of the caches of a vCPU, or of the TDP MMU.
    if (event.site.startsWith('kvm_mmu_commit_zap_page') && !scene.census.tdpMmu)
      throw new Disagreement(event, `page ${shown(event.ptr)} is freed and does not exist`)
    return
  }
  const { sp, spt } = scene.headers[page]
  for (let index = 0; index < scene.kvm.page[page].spte.length; index++) {
    const { pfn } = scene.kvm.page[page].spte[index]
    if (pfn !== null) scene.mapped[pfn]--
  }
  free_shadow_page(scene.kvm, page)
  scene.pages.release(sp)
  scene.tables.delete(spt)
  for (const [head, of] of scene.parents) if (of === page) scene.parents.delete(head)
  scene.step(scene.thread(event), 'CM.3')
}

/** `kvm_unsync_page()` or `kvm_unlink_unsync_page()`: the events print no address, so the page is found by its key. */
export function setUnsync(scene: Scene, event: PageText): void {
  const { kvm } = scene
  const thread = scene.thread(event)
  const unsync = event.name === 'kvm_mmu_unsync_page'
  const zapped = thread.zapping.at(-1)
  const gfn = scene.knownGfn(event.gfn)
  const isMeant = (p: number): boolean => {
    const sp = kvm.page[p]
    return (
      sp.list !== 'free' &&
      sp.gfn === gfn &&
      sp.level === event.level &&
      sp.unsync !== unsync &&
      sp.role_no_write === !event.access.includes('w') &&
      sp.mmu_valid_gen === event.gen
    )
  }
  const all = Array.from({ length: kvm.page.length }, (_, p) => p)
  const page = zapped !== undefined && isMeant(zapped) ? zapped : all.find(isMeant)
  if (page === undefined)
    throw new Disagreement(event, `no page of this gfn and level is ${unsync ? 'in sync' : 'unsync'}`)
  kvm.page[page].unsync = unsync
  if (!unsync && thread.zapping.length > 0) scene.move(thread, 'half zapped')
  scene.stage.took(null)
}

/** `mark_unsync()`: an entry leads to an unsync page. */
export function markUnsync(scene: Scene, event: EventOf<'mark_unsync'>): void {
  const place = scene.place(event.spte)
  if (place === null) return
  scene.kvm.page[place.page].unsync_child_bitmap.add(place.index)
  scene.stage.took(null)
}

/** `mmu_sync_children()` and its siblings clear marks without an event as they go: done when the lock is released. */
export function clearMarks(scene: Scene, roots: Iterable<number>): void {
  for (const page of roots) if (scene.kvm.page[page].list !== 'free') clear_unsync_marks(scene.kvm, page)
}

/** Compares the page that a sync begins at. */
export function beginSync(scene: Scene, event: EventOf<'mmu_sync_children'>): number | null {
  const page = scene.pages.get(event.sp)
  if (page === null) throw new Disagreement(event, `page ${shown(event.sp)} is synced and does not exist`)
  else agree(scene, event, page)
  return page
}

/** Whether an event of the thread belongs to a request that it is sending. */
export const isOfRequest = ({ name }: TraceEvent): boolean => name === 'req_vcpu' || name === 'req_all'
