import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { Disagreement, LogError } from '../errors.ts'
import { spteOf } from '../kernel.ts'
import type { EventOf, TraceEvent } from '../line.ts'
import { type Place, type ReplayThread, type Scene, shown } from './scene.ts'

/** An SPTE gets a value that maps a host page. A new leaf waits for the event that names its frame. */
export function update(scene: Scene, event: EventOf<'spte_update'>): void {
  const place = scene.place(event.sptep)
  if (place === null) return
  agree(scene, event, place, event.old)
  const { kvm } = scene
  const entry = kvm.page[place.page].spte[place.index]
  const bits = spteOf(event.new)
  if (bits.kind !== 'present') throw new Disagreement(event, 'an SPTE is updated to one that is not present')
  if (entry.kind !== 'leaf') {
    scene.thread(event).leaf = { sptep: event.sptep, spte: event.new }
    return
  }
  setPfn(scene, place, bits.hpa / 4096)
  entry.w = bits.writable
  entry.mmuw = bits.mmu_writable
  scene.step(scene.thread(event), 'PF/SET.4 update')
}

/** `trace_kvm_mmu_set_spte()`: the frame that a leaf maps. */
export function setSpte(scene: Scene, event: EventOf<'kvm_mmu_set_spte'>): void {
  const thread = scene.thread(event)
  const { leaf } = thread
  thread.leaf = null
  if (leaf === null) return
  const place = scene.place(leaf.sptep)
  if (place === null) return
  if (leaf.spte !== event.spte)
    throw new Disagreement(event, `spte ${event.spte}, and ${leaf.spte} was stored`)
  const { kvm } = scene
  const bits = spteOf(leaf.spte)
  const isFault = thread.vcpu >= 0
  if (isFault) {
    kvm.vcpu[thread.vcpu].fault.sp = place.page
    kvm.vcpu[thread.vcpu].fault.pfn = pfnId(scene, bits.hpa / 4096)
    scene.stage.took(null)
  }
  const entry = kvm.page[place.page].spte[place.index]
  entry.kind = 'leaf'
  entry.gfn = scene.gfn(event.gfn)
  setPfn(scene, place, bits.hpa / 4096)
  entry.w = bits.writable
  entry.mmuw = bits.mmu_writable
  scene.step(thread, 'PF/SET.4')
  if (isFault) kvm.vcpu[thread.vcpu].fault.sp = null
}

/** `mark_mmio_spte()` */
export function setMmio(scene: Scene, event: EventOf<'mark_mmio_spte'>): void {
  const place = scene.place(event.sptep)
  if (place === null) return
  const entry = scene.kvm.page[place.page].spte[place.index]
  clear(scene, place)
  entry.kind = 'mmio'
  entry.gfn = scene.gfn(event.gfn)
  scene.step(scene.thread(event), 'PF/SET.1 MMIO')
}

/** `mmu_spte_clear_track_bits()` */
export function clearSpte(scene: Scene, event: EventOf<'spte_clear'>): void {
  const place = scene.place(event.sptep)
  if (place === null) return
  agree(scene, event, place, event.old)
  clearLeaf(scene, place)
  scene.step(scene.thread(event), 'ZAP.2 clear')
}

/** `mmu_page_zap_pte()` begins: it clears MMIO SPTEs without an event, all others with one. */
export function zapPte(scene: Scene, event: EventOf<'zap_pte'>): void {
  const place = scene.place(event.spte)
  if (place === null) return
  if (scene.pages.get(event.sp) !== place.page)
    throw new Disagreement(event, `spte ${shown(event.spte)} is not of page ${shown(event.sp)}`)
  agree(scene, event, place, event.old)
  if (scene.kvm.page[place.page].spte[place.index].kind !== 'mmio') return
  clear(scene, place)
  scene.step(scene.thread(event), 'ZAP.2 clear')
}

/** `fast_page_fault()` has exchanged an SPTE without mmu_lock. */
export function fastPageFault(scene: Scene, event: EventOf<'fast_page_fault'>): void {
  const place = scene.place(event.sptep)
  if (place === null || event.fixed === 0) return
  const entry = scene.kvm.page[place.page].spte[place.index]
  if (entry.kind !== 'leaf') throw new Disagreement(event, 'an SPTE is fixed that maps nothing')
  const { writable, mmu_writable } = spteOf(event.new)
  entry.w = writable
  entry.mmuw = mmu_writable
  scene.step(scene.thread(event), 'FPF.4')
}

/** `__rmap_add()`: the next addition to a list is to the rmap of this frame. */
export function rmapAdd(scene: Scene, event: EventOf<'rmap_add'>): void {
  scene.thread(event).added = {
    spte: event.spte,
    gfn: scene.gfn(event.gfn),
    frame: event.gfn,
    slot: event.slot,
  }
}

/** `pte_list_add()`: to the rmap of a frame, or to the parents of a page, whose SPTE is stored just before. */
export function listAdd(scene: Scene, event: EventOf<'pte_list_add'>): void {
  const { kvm } = scene
  const thread = scene.thread(event)
  const place = scene.place(event.spte)
  const { added } = thread
  thread.added = null
  if (place === null) return
  const child = scene.parents.get(event.head)
  if (child !== undefined) {
    const entry = kvm.page[place.page].spte[place.index]
    if (entry.kind === 'leaf') throw new Disagreement(event, 'a page is linked where a leaf SPTE is')
    entry.kind = 'non-leaf'
    entry.child = child
    kvm.page[child].parent_ptes[place.page].add(place.index)
    const marks = kvm.page[place.page].unsync_child_bitmap
    // Where mark_unsync() has no probe, link_shadow_page() marks the entry all the same.
    if (isMarkedWithoutEvent(scene) && leadsToUnsync(scene, child)) marks.add(place.index)
    scene.step(thread, 'PF/FETCH/FETCH.6')
    return
  }
  if (added === null || added.spte !== event.spte)
    throw new Disagreement(event, `${shown(event.head)} is neither an rmap nor the parents of a page`)
  agreeOnArray(scene, event, added, kvm.page[place.page].level)
  scene.rmaps.set(event.head, added.gfn)
  kvm.rmap[added.gfn][place.page].add(place.index)
  scene.step(thread, 'PF/SET.6 add')
}

/** `slot->arch.rmap[level - 1]` is an array of lists. */
function agreeOnArray(
  { rmapArrays }: Scene,
  event: EventOf<'pte_list_add'>,
  { slot, frame }: { readonly slot: number; readonly frame: number },
  level: number,
): void {
  const key = `${slot} ${level}`
  const start = event.head - 8 * Math.floor(frame / 512 ** (level - 1))
  const known = rmapArrays.get(key) ?? start
  rmapArrays.set(key, known)
  if (known !== start)
    throw new Disagreement(event, `${shown(event.head)} is not the rmap of frame ${shown(frame)} in its slot`)
}

const isMarkedWithoutEvent = ({ census }: Scene): boolean => census.kernel.unobserved.includes('mark_unsync')

const leadsToUnsync = ({ kvm }: Scene, page: number): boolean =>
  kvm.page[page].unsync || !kvm.page[page].unsync_child_bitmap.isEmpty()

/** `pte_list_remove()`: from the parents of a page, which also clears the SPTE, or from an rmap. */
export function listRemove(scene: Scene, event: EventOf<'pte_list_remove'>): void {
  const { kvm } = scene
  const place = scene.place(event.spte)
  if (place === null) return
  const child = scene.parents.get(event.head)
  if (child !== undefined) {
    const links = kvm.page[child].parent_ptes[place.page]
    if (!links.has(place.index)) throw new Disagreement(event, 'the SPTE is not on the list of parents')
    links.delete(place.index)
    clear(scene, place)
    scene.step(scene.thread(event), 'ZAP.3 clear')
    return
  }
  const gfn = scene.rmaps.get(event.head)
  if (gfn === undefined)
    throw new Disagreement(event, `${shown(event.head)} is no list that anything was added to`)
  if (!kvm.rmap[gfn][place.page].has(place.index))
    throw new Disagreement(event, 'the SPTE is not on the rmap')
  kvm.rmap[gfn][place.page].delete(place.index)
  scene.stage.took(null)
}

/** `kvm_zap_all_rmap_sptes()`: the SPTEs are cleared one by one, then the whole rmap is. */
export function zapRmap(scene: Scene, event: EventOf<'zap_all_rmap'>): void {
  const gfn = scene.rmaps.get(event.head)
  if (gfn === undefined) {
    if (event.old !== 0)
      throw new Disagreement(event, `the rmap ${shown(event.head)} is not empty, and nothing was added to it`)
    return
  }
  const { rmap } = scene.kvm
  let entries = 0
  for (const page of rmap[gfn]) entries += page.elements().length
  if ((event.old !== 0) !== entries > 0)
    throw new Disagreement(
      event,
      `the rmap is ${event.old === 0 ? '' : 'not '}empty, and ${entries} SPTEs were on it`,
    )
  scene.thread(event).zapsRmap = gfn
}

/** The SPTEs are cleared: `pte_list_destroy()` has emptied the rmap. */
export function rmapZapped(scene: Scene, thread: ReplayThread, gfn: number): void {
  thread.zapsRmap = null
  for (const page of scene.kvm.rmap[gfn]) page.clear()
  scene.stage.took(null)
}

/** Clears a leaf, of which the shadow page keeps the frame until it is taken off the rmap. */
function clearLeaf(scene: Scene, place: Place): void {
  const { gfn, kind } = scene.kvm.page[place.page].spte[place.index]
  clear(scene, place)
  if (kind === 'leaf') scene.kvm.page[place.page].spte[place.index].gfn = gfn
}

function clear(scene: Scene, place: Place): void {
  setPfn(scene, place, null)
  clear_spte(scene.kvm.page[place.page].spte[place.index])
}

/** Counts who maps a host page, so that one that nothing maps gives its id back. */
function setPfn(scene: Scene, { page, index }: Place, pfn: number | null): void {
  const entry = scene.kvm.page[page].spte[index]
  const id = pfn === null ? null : pfnId(scene, pfn)
  if (entry.pfn === id) return
  if (entry.pfn !== null) scene.mapped[entry.pfn] = (scene.mapped[entry.pfn] ?? 1) - 1
  if (id !== null) scene.mapped[id] = (scene.mapped[id] ?? 0) + 1
  entry.pfn = id
}

function pfnId(scene: Scene, pfn: number): number {
  const known = scene.pfns.idOf(pfn)
  if (known !== null) return known
  for (const number of [...scene.pfns.numbers()])
    if ((scene.mapped[scene.pfns.get(number) ?? 0] ?? 0) <= 0) scene.pfns.release(number)
  const id = scene.pfns.idOf(pfn)
  if (id === null) throw new LogError('maps more host pages at a time than a replay has room for')
  return id
}

/** Compares what an event prints of an SPTE with the replayed one. Bits that hardware sets are left out. */
function agree(scene: Scene, event: TraceEvent, { page, index }: Place, old: string): void {
  const bits = spteOf(old)
  const entry = scene.kvm.page[page].spte[index]
  const kind = bits.kind === 'present' ? (isLeaf(scene, page, bits.huge) ? 'leaf' : 'non-leaf') : bits.kind
  // mmu_spte_clear_no_track() takes an MMIO SPTE away without an event.
  if (kind === 'none' && entry.kind === 'mmio') clear(scene, { page, index })
  else if (kind !== entry.kind)
    throw new Disagreement(event, `the SPTE was ${old} (${kind}), and ${entry.kind} is replayed`)
  if (kind === 'leaf') {
    if (scene.pfns.get(bits.hpa / 4096) !== entry.pfn)
      throw new Disagreement(event, `the SPTE was ${old}, and another page is replayed`)
    if (bits.writable !== entry.w || bits.mmu_writable !== entry.mmuw)
      throw new Disagreement(
        event,
        `the SPTE was ${old}, and W=${Number(entry.w)} MMU-writable=${Number(entry.mmuw)} is replayed`,
      )
  }
  if (kind === 'non-leaf' && scene.pageAt(bits.hpa) !== entry.child)
    throw new Disagreement(event, `the SPTE was ${old}, and a link to another page is replayed`)
}

const isLeaf = ({ kvm }: Scene, page: number, huge: boolean): boolean => kvm.page[page].level === 1 || huge
