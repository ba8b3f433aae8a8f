import { type Kernel, spteOf } from './kernel.ts'
import type { EventOf, TraceEvent } from './line.ts'
import { ENTRY, isOfPageTable, type PtCensus } from './pt-census.ts'
import { PtLinks } from './pt-links.ts'
import {
  decide,
  effectOf,
  endSection,
  type Known,
  type Moment,
  type PtSection,
  type SectionNotes,
  sectionOf,
  takesPart,
} from './pt-section.ts'

interface ThreadNotes extends SectionNotes {
  vcpu: number | null
  section: PtSection | null
  /** The root of the vCPU. */
  root: number | null
  /** The SPTE that was written last. */
  sptep: number | null
  /** The page looked up last is new. */
  created: boolean
  /** mmu_try_to_unsync_pages() was called for the table. */
  tries: boolean
  moment: Moment | null
}

/** The shadow page of the table. */
interface Live {
  readonly sp: number
  readonly spt: number
  unsync: boolean
  entry: boolean
}

/** What an SPTE that maps the table allows: both may be set again for the dirty log. */
interface Rights {
  readonly writable: boolean
  readonly mmu_writable: boolean
}

const PAGE_SIZE = 4096

const OF_ITS_VCPU: ReadonlySet<string> = new Set([
  'vcpu_run',
  'kvm_entry',
  'kvm_exit',
  'faultin',
  'stale_chk',
  'sync_roots',
  'mmu_invlpg',
  'mmu_load',
])

/** What slice "one table" notes of a log: the shadow page, its entry, and the SPTEs that map the frame of the table. */
export class PtNotes {
  readonly #kernel: Kernel
  readonly #census: PtCensus
  readonly #links: PtLinks
  readonly #threads = new Map<number, ThreadNotes>()
  /** The SPTEs that map the table, by address. */
  readonly #sptes = new Map<number, Rights>()
  #live: Live | null = null
  isOver = false

  constructor(kernel: Kernel, census: PtCensus) {
    this.#kernel = kernel
    this.#census = census
    this.#links = new PtLinks(kernel)
  }

  of({ tid }: { readonly tid: number }): ThreadNotes {
    let notes = this.#threads.get(tid)
    if (notes === undefined) {
      notes = {
        vcpu: null,
        exit: null,
        section: null,
        syncs: false,
        invalidates: false,
        root: null,
        sptep: null,
        created: false,
        tries: false,
        moment: null,
      }
      this.#threads.set(tid, notes)
    }
    return notes
  }

  isFrame(gfn: number): boolean {
    return gfn === this.#census.gfn
  }

  isOfTable({ gfn, role }: { readonly gfn: number; readonly role: number }): boolean {
    return this.isFrame(gfn) && role === this.#census.role && isOfPageTable(this.#kernel, role)
  }

  /** Whether the text of a tracepoint may be of the page. */
  isPageText({ gfn, level }: { readonly gfn: number; readonly level: number }): boolean {
    return this.#live !== null && this.isFrame(gfn) && level === 1
  }

  /** Notes what the row of an event needs. */
  before(event: TraceEvent): void {
    const notes = this.of(event)
    if (OF_ITS_VCPU.has(event.name)) notes.vcpu = (event as EventOf<'vcpu_run'>).vcpu
    notes.moment = null
    switch (event.name) {
      case 'mn_release':
        this.isOver = true
        return
      case 'kvm_exit':
        notes.exit = { isMade: false, was: 'other' }
        break
      case 'vcpu_run':
        decide(notes, 'other')
        notes.root = event.rhpa
        notes.syncs = false
        notes.invalidates = false
        break
      case 'sync_roots':
        notes.syncs = this.#live !== null && this.#links.reaches(event.root, this.#live.sp)
        break
      case 'mmu_invlpg':
        notes.invalidates = this.#isOfEntry(notes.root, event.gva)
        if (notes.invalidates) decide(notes, 'invlpg')
        break
      case 'wlock_acq':
        notes.section = sectionOf(event, notes)
        break
    }
    const { section } = notes
    if (section === null) return
    const was = this.#known
    const isMain = event.name === 'kvm_mmu_set_spte' && section.requested === event.gfn && !section.isSet
    const isFirstFlush = event.name === 'req_all' && !section.gotPage && !section.flushedBefore
    const links = event.name === 'pte_list_add' && this.#links.ofHead(event.head) === this.#live?.sp
    const { synced, gotPage } = section
    const others = event.name === 'req_vcpu' ? section.sendsForOthers : section.others
    this.#links.push(event, notes.sptep)
    this.#inSection(event, notes, section, isMain)
    const is = this.#known
    const effect = event.name === 'prep_zap' || event.name === 'zap_all_fast' ? null : effectOf(was, is)
    notes.moment = {
      get isMade() {
        return section.isMade
      },
      section,
      effect: was.exists && !is.exists ? 'zapped' : effect,
      isMain,
      synced,
      gotPage,
      others,
      isFirstFlush,
      was,
      is,
    }
    if (links) takesPart(section, 'below')
    if (event.name === 'wunlock') endSection(notes, section)
  }

  /** Notes what no longer holds after an event, or not yet at it. */
  after(event: TraceEvent): void {
    const notes = this.of(event)
    if (event.name === 'wunlock') notes.section = null
    if (event.name === 'try_unsync_ret') notes.tries = false
    if (notes.section === null) this.#links.push(event, notes.sptep)
  }

  get #known(): Known {
    const live = this.#live
    return {
      exists: live !== null,
      unsync: live?.unsync ?? false,
      linked: live !== null && this.#links.parentsOf(live.sp) > 0,
      entry: live?.entry ?? false,
      mapped: this.#sptes.size > 0,
      writable: [...this.#sptes.values()].some(({ writable }) => writable),
      mmu_writable: [...this.#sptes.values()].some(({ mmu_writable }) => mmu_writable),
    }
  }

  #isEntry(sptep: number): boolean {
    return this.#live !== null && sptep === this.#live.spt + ENTRY * this.#census.index
  }

  /** Whether an address is translated by the entry. */
  #isOfEntry(root: number | null, gva: number): boolean {
    const found = this.#links.walk(root, gva)
    return found !== null && found.sp === this.#live?.sp && found.index === this.#census.index
  }

  #inSection(event: TraceEvent, notes: ThreadNotes, section: PtSection, isMain: boolean): void {
    const live = this.#live
    switch (event.name) {
      case 'kvm_mmu_get_page':
        notes.created = event.created === 'new'
        break
      case 'get_sp':
        if (!this.isOfTable(event)) break
        takesPart(section, 'below')
        section.gotPage = true
        if (!notes.created) break
        section.builds = true
        this.#live = { sp: event.sp, spt: event.spt, unsync: false, entry: false }
        break
      case 'kvm_mmu_spte_requested':
        section.requested = event.gfn
        if (this.isFrame(event.gfn) && event.level === 1) takesPart(section, 'on the table')
        break
      case 'try_unsync':
        notes.tries = this.isFrame(event.gfn)
        if (notes.tries && section.role === 'on the table') section.writes = true
        break
      case 'kvm_mmu_unsync_page':
        if (!this.isPageText(event) || live === null || live.unsync) break
        live.unsync = true
        break
      case 'kvm_mmu_sync_page':
        if (!this.isPageText(event) || live === null || section.role !== 'sync' || !live.unsync) break
        live.unsync = false
        section.synced = true
        break
      case 'kvm_mmu_set_spte':
        if (isMain) section.isSet = true
        this.#set(event, notes, section, isMain)
        break
      case 'fast_page_fault':
        if (event.fixed === 1 && this.#sptes.has(event.sptep)) this.#sptes.set(event.sptep, spteOf(event.new))
        break
      case 'spte_update':
      case 'spte_update_nt':
        notes.sptep = event.sptep
        section.others ||= this.#changesMore(event)
        // What a fault gains is known when it has set the SPTE.
        if (this.#sptes.has(event.sptep) && !spteOf(event.new).writable)
          this.#sptes.set(event.sptep, spteOf(event.new))
        break
      case 'spte_clear':
        if (this.#isEntry(event.sptep) && live !== null) {
          section.others ||= spteOf(event.old).kind === 'mmio'
          live.entry = false
        } else if (!this.#sptes.delete(event.sptep)) section.others = true
        break
      case 'zap_all_fast':
        this.#live = null
        break
      case 'prep_zap':
        if (event.sp === live?.sp) this.#live = null
        section.others = true
        break
      case 'pte_list_remove':
        // That of a leaf comes with spte_clear.
        section.others ||= this.#links.ofHead(event.head) !== null
        break
      case 'zap_pte':
      case 'commit_zap':
        section.others = true
        break
      case 'req_all':
        if (!section.gotPage) section.flushedBefore = true
        section.sendsForOthers = section.others
        section.others = false
        break
    }
  }

  /** Whether an SPTE outside the slice changes, or what is not in the slice of one in it: A, D, and W of the entry. */
  #changesMore(event: EventOf<'spte_update' | 'spte_update_nt'>): boolean {
    const [old, now] = [spteOf(event.old), spteOf(event.new)]
    const isEntry = this.#isEntry(event.sptep)
    if (!isEntry && !this.#sptes.has(event.sptep)) return true
    if (old.kind !== 'present') return false
    return (
      (old.accessed && !now.accessed) ||
      (old.dirty && !now.dirty) ||
      (isEntry && old.writable && !now.writable)
    )
  }

  #set(
    event: EventOf<'kvm_mmu_set_spte'>,
    { sptep }: ThreadNotes,
    section: PtSection,
    isMain: boolean,
  ): void {
    if (event.at === null || sptep === null || sptep % PAGE_SIZE !== event.at % PAGE_SIZE) return
    if (this.#live?.spt === sptep - (sptep % PAGE_SIZE)) {
      const isEntry = this.#isEntry(sptep)
      if (isMain && section.role === 'below') section.onEntry = isEntry
      if (isMain && section.role === 'elsewhere' && isEntry) {
        section.onEntry = true
        takesPart(section, 'below')
      }
      if (isEntry) this.#live.entry = true
    }
    if (!this.isFrame(event.gfn) || event.level !== 1) return
    this.#sptes.set(sptep, spteOf(event.spte))
    if (isMain && spteOf(event.spte).writable) section.writes = true
  }
}
