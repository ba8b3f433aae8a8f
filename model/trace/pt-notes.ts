import { type Kernel, spteOf } from './kernel.ts'
import type { EventOf, TraceEvent } from './line.ts'
import { ENTRY, isOfPageTable, type PtCensus } from './pt-census.ts'
import { PtLinks } from './pt-links.ts'
import type { Decision } from './table.ts'

/** Which step of the guest a VM-exit was. */
export type PtExit = Decision & { was: 'other' | 'write' | 'read' | 'below' | 'beside' | 'invlpg' }

/** Whose part a thread plays while it holds mmu_lock for write. */
export type PtRole = 'on the table' | 'below' | 'sync' | 'invlpg' | 'elsewhere'

/** A section of one thread in which it holds mmu_lock for write. What part it plays is known when it ends. */
export interface PtSection extends Decision {
  role: PtRole
  readonly isFault: boolean
  /** Of a fault: it is on the entry of the slice; it builds the page; it was to be mapped, and its SPTE was set. */
  onEntry: boolean
  builds: boolean
  requested: number | null
  isSet: boolean
  /** Of a fault on the table: its SPTE is writable, or was to be. */
  writes: boolean
  /** Of a sync: that of the page has begun. Of a fault: it has got the page. */
  synced: boolean
  gotPage: boolean
  /** Of a fault: a flush came before it got the page. */
  flushedBefore: boolean
  /** Something outside the slice has changed since the last flush. */
  others: boolean
  /** That was so of the flush that is being sent. */
  sendsForOthers: boolean
}

/** What the log tells of the page and of the SPTEs that map the table. */
export interface Known {
  readonly exists: boolean
  readonly unsync: boolean
  readonly linked: boolean
  readonly entry: boolean
  readonly mapped: boolean
  readonly writable: boolean
  /** It is, or the dirty log has made it read-only. */
  readonly mmu_writable: boolean
}

/** Changes that a step of the section's part makes, or else one of the harness. */
export type Effect =
  | 'table mapped'
  | 'table mapped read-only'
  | 'table unmapped'
  | 'table protected'
  | 'table protected for good'
  | 'entry mapped'
  | 'entry unmapped'
  | 'linked'
  | 'unlinked'
  | 'zapped'

/** An event in a section. Its row is made when the section has ended. */
export interface Moment extends Decision {
  readonly section: PtSection
  readonly effect: Effect | null
  /** An SPTE was set for the fault itself. */
  readonly isMain: boolean
  /** What the section was at the event. */
  readonly synced: boolean
  readonly gotPage: boolean
  readonly others: boolean
  readonly isFirstFlush: boolean
  /** What was known before the event, and with it. */
  readonly was: Known
  readonly is: Known
}

interface ThreadNotes {
  vcpu: number | null
  exit: PtExit | null
  section: PtSection | null
  /** kvm_mmu_sync_roots() was called for a root above the page, kvm_mmu_invlpg() for an address of the entry. */
  syncs: boolean
  invalidates: boolean
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

/** What has changed, in one word: an event changes one thing only. */
function effectOf(was: Known, is: Known): Effect | null {
  if (was.linked !== is.linked && was.exists === is.exists) return is.linked ? 'linked' : 'unlinked'
  if (was.entry !== is.entry) return is.entry ? 'entry mapped' : 'entry unmapped'
  if (was.mapped && !is.mapped) return 'table unmapped'
  if (was.mmu_writable && !is.mmu_writable) return 'table protected for good'
  if (was.writable && !is.writable) return 'table protected'
  if (!was.writable && is.writable) return 'table mapped'
  return !was.mapped && is.mapped ? 'table mapped read-only' : null
}

function decide({ exit }: ThreadNotes, was: PtExit['was']): void {
  if (exit === null || exit.isMade) return
  exit.isMade = true
  exit.was = was
}

/** A fault takes the part that its first event of concern tells. */
function takesPart(section: PtSection, role: PtRole): void {
  if (section.role === 'elsewhere' && section.isFault) section.role = role
}

function endSection(notes: ThreadNotes, section: PtSection): void {
  section.isMade = true
  if (section.role === 'on the table') decide(notes, section.writes ? 'write' : 'read')
  if (section.role === 'below') decide(notes, section.onEntry ? 'below' : 'beside')
}

function sectionOf({ fn }: EventOf<'wlock_acq'>, notes: ThreadNotes): PtSection {
  const syncs = fn === 'kvm_mmu_sync_roots' && notes.syncs
  const invalidates = /invalidate_addr|invlpg/.test(fn) && notes.invalidates
  if (syncs) notes.syncs = false
  if (invalidates) notes.invalidates = false
  return {
    isMade: false,
    role: syncs ? 'sync' : invalidates ? 'invlpg' : 'elsewhere',
    isFault: notes.vcpu !== null && fn.endsWith('_page_fault'),
    onEntry: false,
    builds: false,
    requested: null,
    isSet: false,
    writes: false,
    synced: false,
    gotPage: false,
    flushedBefore: false,
    others: false,
    sendsForOthers: false,
  }
}
