import type { EventOf } from './line.ts'
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

/** What a thread is in the middle of, as far as its sections tell or depend on it. */
export interface SectionNotes {
  readonly vcpu: number | null
  exit: PtExit | null
  /** kvm_mmu_sync_roots() was called for a root above the page, kvm_mmu_invlpg() for an address of the entry. */
  syncs: boolean
  invalidates: boolean
}

/** What has changed, in one word: an event changes one thing only. */
export function effectOf(was: Known, is: Known): Effect | null {
  if (was.linked !== is.linked && was.exists === is.exists) return is.linked ? 'linked' : 'unlinked'
  if (was.entry !== is.entry) return is.entry ? 'entry mapped' : 'entry unmapped'
  if (was.mapped && !is.mapped) return 'table unmapped'
  if (was.mmu_writable && !is.mmu_writable) return 'table protected for good'
  if (was.writable && !is.writable) return 'table protected'
  if (!was.writable && is.writable) return 'table mapped'
  return !was.mapped && is.mapped ? 'table mapped read-only' : null
}

/** The latest VM-exit of a vCPU was this step, unless that is known already. */
export function decide({ exit }: Pick<SectionNotes, 'exit'>, was: PtExit['was']): void {
  if (exit === null || exit.isMade) return
  exit.isMade = true
  exit.was = was
}

/** A fault takes the part that its first event of concern tells. */
export function takesPart(section: PtSection, role: PtRole): void {
  if (section.role === 'elsewhere' && section.isFault) section.role = role
}

/** What the section was tells what the exit before it was. */
export function endSection(notes: Pick<SectionNotes, 'exit'>, section: PtSection): void {
  section.isMade = true
  if (section.role === 'on the table') decide(notes, section.writes ? 'write' : 'read')
  if (section.role === 'below') decide(notes, section.onEntry ? 'below' : 'beside')
}

/** The section that begins, as far as the caller of write_lock() tells what it does. */
export function sectionOf({ fn }: EventOf<'wlock_acq'>, notes: SectionNotes): PtSection {
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
