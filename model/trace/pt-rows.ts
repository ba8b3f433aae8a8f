import type { Condition, OwedStep, StepOfKind } from '../language/observation.ts'
import type { Kvm } from '../memory/kvm.ts'
import { parents_of, rmap_entries } from '../memory/shadow/rmap.ts'
import { compare, flushAndMode } from './conditions.ts'
import type { EventOf, TraceEvent } from './line.ts'
import type { PtNotes } from './pt-notes.ts'
import type { Effect, Known, Moment, PtExit, PtSection } from './pt-section.ts'
import { PAGE, TABLE } from './pt-system.ts'
import { by, oneOf, owes, row, type Table, vcpu } from './table.ts'

/** What the rows know of the log. */
export interface PtContext {
  readonly notes: PtNotes
}
type C = PtContext
type Of = Pick<TraceEvent, 'tid'>

const self = (e: Of, c: C): number => c.notes.of(e).vcpu as number
const moment = (e: Of, c: C): Moment => c.notes.of(e).moment as Moment
const isInSection = (e: Of, c: C): boolean => c.notes.of(e).moment !== null

const others = (step: Effect | 'flushed'): StepOfKind => ({ kind: 'others', step })
const elsewhere = (step: string): StepOfKind => ({ kind: 'elsewhere', step })
const other = (step: Effect | 'flushed'): OwedStep<Kvm> => by(null, others(step))

const EXITS = {
  other: 'exit: other',
  write: 'write to the table',
  read: 'read of the table',
  below: 'fault below',
  beside: 'fault beside',
  invlpg: 'invlpg',
} as const satisfies Record<PtExit['was'], string>

/** Where the lock is taken and released, by the part of the section. */
const LOCKS = {
  'on the table': [vcpu('PF/PF.11'), vcpu('PF/PF.15')],
  below: [vcpu('PF/PF.11'), vcpu('PF/PF.15')],
  sync: [vcpu('RUN.2/SY.2'), vcpu('RUN.2/SY.6')],
  invlpg: [vcpu('INVLPG/IV.2'), vcpu('INVLPG/IV.end')],
  elsewhere: [elsewhere('lock'), elsewhere('unlock')],
} as const satisfies Record<PtSection['role'], readonly StepOfKind[]>

/** The blocks in which a section may send a flush. */
const FLUSHES = {
  'on the table': ['PF/SET.5/SET.5 flush'],
  below: ['PF/FETCH/GET.4 flush', 'PF/FETCH/GET.12/GET.12 flush', 'PF/SET.5/SET.5 flush'],
  sync: ['RUN.2/SY.4/SY.4 flush', 'RUN.2/SY.5/SY.5 flush'],
  invlpg: ['INVLPG/IV.4 flush'],
  elsewhere: [],
} as const satisfies Record<PtSection['role'], readonly string[]>
const BLOCKS = [...new Set(Object.values(FLUSHES).flat())]

const isRequest = (path: string): boolean => BLOCKS.some((block) => path.startsWith(`${block}/REQ.1[`))

/** The flush that a section sends at an event: one that is owed in the slice, or one for what is outside. */
function flushes({ section, synced, gotPage, others: changed }: Moment, v: number, step: string) {
  const { role } = section
  const blocks = FLUSHES[role].filter((block) => {
    if (role === 'sync') return block.startsWith('RUN.2/SY.5') === synced
    return role !== 'below' || (section.gotPage && !gotPage) !== block.startsWith('PF/SET.5')
  })
  return [...blocks.map((block) => by(v, vcpu(`${block}/${step}`))), ...(changed ? [other('flushed')] : [])]
}

/** Effects that a step of the section's own part has. */
function isOwn(effect: Effect, { section, synced, gotPage, was, isMain }: Moment): boolean {
  if (section.role === 'elsewhere') return false
  switch (effect) {
    case 'table protected':
    case 'table protected for good':
      return (section.role === 'sync' && !synced && was.unsync) || (section.builds && !gotPage)
    case 'entry unmapped':
      return (
        (section.role === 'sync' && synced) ||
        section.role === 'invlpg' ||
        (section.role === 'below' && was.unsync)
      )
    case 'entry mapped':
      return isMain && section.role === 'below'
    case 'table mapped':
    case 'table mapped read-only':
      return isMain && section.role === 'on the table'
    case 'linked':
      return section.role === 'below'
    default:
      return false
  }
}

/** The step of the harness that has the effect of an event. */
const harnessFor = (at: Moment): readonly OwedStep<Kvm>[] =>
  at.effect === null || isOwn(at.effect, at) ? [] : [other(at.effect)]

/** The state is as the log tells it. */
function stateIs({ exists, unsync, linked, entry, mapped, writable, mmu_writable }: Known): Condition<Kvm>[] {
  const page = (kvm: Kvm) => kvm.page[PAGE]
  const sptes = (kvm: Kvm) => rmap_entries(kvm, TABLE).map(({ page, index }) => kvm.page[page].spte[index])
  return [
    compare('the table has a shadow page', (kvm) => page(kvm).list !== 'free', exists),
    compare('sp->unsync', (kvm) => page(kvm).unsync, unsync),
    compare('an SPTE points to the page', (kvm) => parents_of(kvm, PAGE).length > 0, linked),
    compare('the SPTE of the entry is present', (kvm) => page(kvm).spte[0].kind === 'leaf', entry),
    compare('an SPTE maps the table', (kvm) => sptes(kvm).length > 0, mapped),
    compare('it may be made writable', (kvm) => sptes(kvm).some(({ mmuw }) => mmuw), mmu_writable),
    compare('it is writable', (kvm) => sptes(kvm).some(({ w }) => w), writable),
  ]
}

/** An event after which an SPTE changes. */
const changes = <E extends TraceEvent>() =>
  row<C, E, Moment>({
    steps: [
      'table unmapped',
      'table protected',
      'table protected for good',
      'entry unmapped',
      'unlinked',
      'zapped',
    ].map((step) => others(step as Effect)),
    concerns: (e, c) => isInSection(e, c) && moment(e, c).effect !== null,
    waits: moment,
    after: (_, __, at) => {
      const steps = harnessFor(at)
      return steps.length === 0 ? [] : [oneOf(...steps)]
    },
  })

/**
 * The table of slice "one table": a page table of the guest and its shadow page. When the frame is mapped writable the page
 * becomes unsync; a sync write-protects the frame again, and makes the SPTEs as the guest's entries are. One entry is
 * followed; others are outside.
 */
export const ptTable: Table<C> = {
  vcpu_run: {
    steps: [vcpu('RUN.8', 1)],
    before: (e) => owes(e.vcpu, vcpu('RUN.8', 1)),
    reads: (e) => flushAndMode(e.vcpu, e.pending, e.mode),
  },

  kvm_exit: row<C, EventOf<'kvm_exit'>, PtExit>({
    steps: [vcpu('interrupt'), ...Object.values(EXITS).map((name) => vcpu(name))],
    waits: (e, c) => c.notes.of(e).exit as PtExit,
    before: ({ vcpu: v, reason }, _, { isMade, was }) => {
      const names = isMade ? [EXITS[was]] : Object.values(EXITS)
      const isInterrupt = reason === 'interrupt' && (!isMade || was === 'other')
      return [
        oneOf(...names.map((name) => by(v, vcpu(name))), ...(isInterrupt ? [by(v, vcpu('interrupt'))] : [])),
      ]
    },
  }),

  sync_roots: {
    steps: [vcpu('RUN.2/sync')],
    concerns: (e, c) => c.notes.of(e).syncs,
    before: (e) => owes(e.vcpu, vcpu('RUN.2/sync')),
  },

  wlock_acq: row<C, EventOf<'wlock_acq'>, PtSection>({
    steps: Object.values(LOCKS).map(([lock]) => lock),
    waits: (e, c) => c.notes.of(e).section as PtSection,
    before: (e, c, { role, isMade, isFault }) => {
      const mayBe: readonly PtSection['role'][] = isMade || !isFault ? [role] : ['below', 'elsewhere']
      return [oneOf(...mayBe.map((one) => by(one === 'elsewhere' ? null : self(e, c), LOCKS[one][0])))]
    },
  }),

  wunlock: row<C, EventOf<'wunlock'>, Moment>({
    steps: [...Object.values(LOCKS).map(([, unlock]) => unlock), vcpu('PF/SET.4')],
    concerns: isInSection,
    waits: moment,
    before: (e, c, { section: { role, requested, isSet } }) =>
      // The SPTE was there already, as it was to be.
      (role === 'on the table' || role === 'below') && requested !== null && !isSet
        ? owes(self(e, c), vcpu('PF/SET.4'))
        : [],
    exact: (_, __, { is }) => stateIs(is),
    after: (e, c, { section: { role } }) => [
      oneOf(by(role === 'elsewhere' ? null : self(e, c), LOCKS[role][1])),
    ],
  }),

  get_sp: row<C, EventOf<'get_sp'>, Moment>({
    steps: [vcpu('PF/FETCH/GET.6'), vcpu('PF/FETCH/GET.3', 0)],
    concerns: (e, c) => isInSection(e, c) && c.notes.isOfTable(e),
    waits: moment,
    before: (e, c, { section: { builds, flushedBefore } }) => {
      if (!builds) return owes(self(e, c), vcpu('PF/FETCH/GET.3', 0))
      return flushedBefore ? [] : owes(self(e, c), vcpu('PF/FETCH/GET.6'))
    },
    exact: (e, _, { is }) => stateIs({ ...is, unsync: e.unsync === 1 }),
  }),

  pte_list_add: row<C, EventOf<'pte_list_add'>, Moment>({
    steps: [vcpu('PF/FETCH/FETCH.6', 1)],
    concerns: (e, c) => isInSection(e, c) && moment(e, c).effect === 'linked',
    waits: moment,
    after: (e, c) => owes(self(e, c), vcpu('PF/FETCH/FETCH.6', 1)),
  }),

  try_unsync: row<C, EventOf<'try_unsync'>, Moment>({
    steps: [vcpu('PF/UN.1', 1), vcpu('PF/UN.1', 2), vcpu('PF/UN.1', 3)],
    concerns: (e, c) => isInSection(e, c) && c.notes.isFrame(e.gfn),
    waits: moment,
    after: (e, c, { section, is }) => {
      if (section.role !== 'on the table') return []
      return owes(self(e, c), vcpu('PF/UN.1', is.exists ? 3 : 2))
    },
  }),

  // UN.2 leaves no event where no page has to go unsync: it is taken before the return.
  kvm_mmu_unsync_page: row<C, EventOf<'kvm_mmu_unsync_page'>, Moment>({
    concerns: (e, c) => isInSection(e, c) && c.notes.isPageText(e) && !moment(e, c).was.unsync,
    waits: moment,
    exact: (_, __, { was }) => stateIs(was),
  }),

  try_unsync_ret: row<C, EventOf<'try_unsync_ret'>, Moment>({
    concerns: (e, c) => isInSection(e, c) && c.notes.of(e).tries,
    waits: moment,
    exact: (_, __, { is }) => stateIs(is),
  }),

  kvm_mmu_set_spte: row<C, EventOf<'kvm_mmu_set_spte'>, Moment>({
    steps: [
      vcpu('PF/SET.4'),
      others('table mapped'),
      others('table mapped read-only'),
      others('entry mapped'),
      others('table protected for good'),
    ],
    concerns: (e, c) => isInSection(e, c),
    waits: moment,
    before: (e, c, at) => {
      const steps = harnessFor(at)
      const isInSlice = at.section.role === 'on the table' || at.section.role === 'below'
      return [
        ...(steps.length === 0 ? [] : [oneOf(...steps)]),
        ...(at.isMain && isInSlice ? owes(self(e, c), vcpu('PF/SET.4')) : []),
      ]
    },
  }),

  fast_page_fault: row<C, EventOf<'fast_page_fault'>, Moment>({
    concerns: (e, c) => isInSection(e, c) && moment(e, c).effect !== null,
    waits: moment,
    before: (_, __, at) => harnessFor(at).map((s) => oneOf(s)),
  }),

  kvm_mmu_sync_page: row<C, EventOf<'kvm_mmu_sync_page'>, Moment>({
    steps: [vcpu('RUN.2/SY.5/SY.5 sync')],
    concerns: (e, c) => isInSection(e, c) && moment(e, c).was.unsync && !moment(e, c).is.unsync,
    waits: moment,
    exact: (_, __, { was }) => stateIs(was),
    after: (e, c) => owes(self(e, c), vcpu('RUN.2/SY.5/SY.5 sync')),
  }),

  spte_update: changes<EventOf<'spte_update'>>(),
  spte_update_nt: changes<EventOf<'spte_update_nt'>>(),
  spte_clear: changes<EventOf<'spte_clear'>>(),
  pte_list_remove: changes<EventOf<'pte_list_remove'>>(),
  prep_zap: changes<EventOf<'prep_zap'>>(),
  zap_all_fast: changes<EventOf<'zap_all_fast'>>(),

  req_all: row<C, EventOf<'req_all'>, Moment>({
    steps: [...BLOCKS.map((block) => vcpu(`${block}/REQ.0`)), others('flushed')],
    concerns: isInSection,
    waits: moment,
    before: (e, c, at) => {
      const { role, builds } = at.section
      if (role === 'elsewhere') return []
      return [
        ...(builds && at.isFirstFlush ? owes(self(e, c), vcpu('PF/FETCH/GET.6')) : []),
        oneOf(...flushes(at, self(e, c), 'REQ.0')),
      ]
    },
  }),

  req_vcpu: row<C, EventOf<'req_vcpu'>, Moment>({
    steps: [vcpu(isRequest)],
    concerns: isInSection,
    waits: moment,
    reads: (e, _, { section }) =>
      section.role === 'elsewhere' ? [] : flushAndMode(e.vcpu, e.pending, e.mode),
    after: (e, c, at) =>
      at.section.role === 'elsewhere' ? [] : [oneOf(...flushes(at, self(e, c), `REQ.1[${e.vcpu}]`))],
  }),
}
