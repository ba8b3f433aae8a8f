import type { Comparison, Condition, Owed, OwedStep, StepOfKind } from '../language/observation.ts'
import type { Kvm } from '../memory/kvm.ts'
import { compare } from './conditions.ts'
import type { EventOf, TraceEvent } from './line.ts'
import type { SlotExit, SlotNotes, SlotUpdate } from './slot-notes.ts'
import { GENERATIONS } from './slot-system.ts'
import { by, oneOf, owes, type Row, row, type Table, vcpu } from './table.ts'

/** What the rows know of the log. */
export interface SlotContext {
  readonly notes: SlotNotes
}
type C = SlotContext
type Of = Pick<TraceEvent, 'tid'>

const self = (e: Of, c: C): number => c.notes.of(e).vcpu as number
const update = (e: Of, c: C): SlotUpdate => c.notes.of(e).update as SlotUpdate
const isUpdated = (e: Of, c: C): boolean => c.notes.of(e).update !== null
const waits = (e: Of, c: C): boolean => c.notes.of(e).update?.waits === true

const memslot = (step: string): StepOfKind => ({ kind: 'memslot', step })
const creator = (step: string): StepOfKind => ({ kind: 'creator', step })
const others = (step: string): StepOfKind => ({ kind: 'others', step })

/** The cases of PF.8. */
const NONE = 0
const RETRY = 1
const VALID = 2

/** The steps of a publication: install, wait for the readers, change the generation. */
interface Publication {
  readonly installs: readonly StepOfKind[]
  readonly waits: StepOfKind
  readonly waited: StepOfKind
  readonly after: StepOfKind
}
const INVALID: Publication = {
  installs: [memslot('SL.2')],
  waits: memslot('SL.3/SRCU.1'),
  waited: memslot('SL.3/SRCU.2'),
  after: memslot('SL.4'),
}
const GONE: Publication = {
  installs: [memslot('SL.6')],
  waits: memslot('SL.6 wait/SRCU.1'),
  waited: memslot('SL.6 wait/SRCU.2'),
  after: memslot('SL.6 gen'),
}
const CREATED: Publication = {
  installs: [creator('SC.1'), creator('SC.2')],
  waits: creator('SC.3/SRCU.1'),
  waited: creator('SC.3/SRCU.2'),
  after: creator('SC.4'),
}
const OTHER: Publication = { ...CREATED, installs: [creator('SC.1'), creator('another slot')] }
const ALL = [INVALID, GONE, CREATED, OTHER]

function publication({ kind, swaps }: SlotUpdate): Publication {
  if (kind === 'delete') return swaps === 1 ? INVALID : GONE
  if (kind === 'create') return CREATED
  // Of a slot that is moved to these frames, the first publication is that the other one is INVALID.
  return kind === 'move here' && swaps > 1 ? CREATED : OTHER
}

const generation = (gen: number): Comparison<Kvm> =>
  compare('slots->generation', (kvm) => kvm.memslots.generation, (gen / 2) % GENERATIONS)

const isReader = ({ vcpu: v }: { readonly vcpu: number }): Condition<Kvm>[] => [
  compare(`vcpu${v} is a reader of kvm->srcu`, (kvm) => kvm.vcpu_in_srcu[v], true),
]
/** A vCPU does this as a reader of kvm->srcu. */
const inSrcu = <E extends TraceEvent & { readonly vcpu: number }>(): Row<C, E> => ({ exact: isReader })

/**
 * The table of slice "one slot": how updates of the memslots are published, and what faults find meanwhile. Of a slot that
 * is deleted: it is INVALID, all pages are zapped, it is gone, and when the last reader has left its arrays are freed.
 */
export const slotTable: Table<C> = {
  vcpu_run: {
    steps: [vcpu('RUN.8', 1)],
    before: (e) => owes(e.vcpu, vcpu('RUN.8', 1)),
  },

  kvm_exit: row<C, EventOf<'kvm_exit'>, SlotExit>({
    steps: [vcpu('interrupt'), vcpu('exit: other'), vcpu('fault')],
    waits: (e, c) => c.notes.of(e).exit as SlotExit,
    before: ({ vcpu: v, reason }, _, { isMade, isFault }) => {
      const steps: OwedStep<Kvm>[] = []
      if (!isMade || isFault) steps.push(by(v, vcpu('fault')))
      if (!isMade || !isFault) steps.push(by(v, vcpu('exit: other')))
      if (!isFault && reason === 'interrupt') steps.push(by(v, vcpu('interrupt')))
      return [oneOf(...steps)]
    },
  }),

  kvm_page_fault: inSrcu<EventOf<'kvm_page_fault'>>(),
  mmu_load: inSrcu<EventOf<'mmu_load'>>(),

  faultin: {
    steps: [vcpu('PF/PF.3')],
    concerns: (e, c) => c.notes.of(e).onSlot,
    before: (e) => owes(e.vcpu, vcpu('PF/PF.3')),
    exact: isReader,
  },

  faultin_ret: {
    steps: [vcpu('PF/PF.8')],
    concerns: (e, c) => c.notes.of(e).onSlot,
    before: (e, c): Owed<Kvm>[] => {
      const v = self(e, c)
      const cases = e.ret === 0 ? [NONE, VALID] : e.ret === 1 ? [RETRY, VALID] : [VALID]
      return [oneOf(...cases.map((taken) => by(v, vcpu('PF/PF.8', taken))))]
    },
  },

  stale_chk: {
    steps: [vcpu('PF/rest')],
    concerns: (e, c) => c.notes.of(e).onSlot,
    exact: (e) => [
      compare('the fault has no slot', (kvm) => kvm.vcpu[e.vcpu].fault.slot === 'none', e.pfn === null),
    ],
    after: (e) => owes(e.vcpu, vcpu('PF/rest')),
  },

  mark_mmio_spte: {
    concerns: (e, c) => c.notes.of(e).vcpu !== null && e.gen % 2 === 0,
    before: (e): Owed<Kvm>[] => [{ read: [generation(e.gen)] }],
  },

  check_mmio_spte: {
    concerns: (e, c) => c.notes.of(e).vcpu !== null && e.current % 2 === 0,
    before: (e): Owed<Kvm>[] => [
      {
        read: [
          generation(e.current),
          compare('KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS', (kvm) => kvm.memslots.update_in_progress, false),
        ],
      },
    ],
  },

  mn_start: { steps: [others('begin')], after: () => owes(null, others('begin')) },
  mn_end: { steps: [others('end')], after: () => owes(null, others('end')) },

  set_memslot: {
    steps: [memslot('SL.1')],
    concerns: (e, c) => update(e, c).kind === 'delete',
    after: () => owes(null, memslot('SL.1')),
  },

  swap_memslots: {
    steps: ALL.flatMap(({ installs }) => installs),
    concerns: isUpdated,
    after: (e, c) => owes(null, ...publication(update(e, c)).installs),
  },

  srcu_exp: {
    steps: ALL.map((one) => one.waits),
    concerns: waits,
    after: (e, c) => owes(null, publication(update(e, c)).waits),
  },

  srcu_exp_ret: {
    steps: ALL.flatMap((one) => [one.waited, one.after]),
    concerns: waits,
    before: (e, c) => owes(null, publication(update(e, c)).waited),
    after: (e, c) => owes(null, publication(update(e, c)).after),
  },

  zap_all_fast: {
    steps: [memslot('SL.5/ZF.2')],
    concerns: (e, c) => c.notes.of(e).update?.kind === 'delete',
    after: () => owes(null, memslot('SL.5/ZF.2')),
  },

  free_memslot: {
    steps: [memslot('SL.7')],
    concerns: (e, c) => c.notes.of(e).update?.kind === 'delete' && c.notes.isSlot(e.slot),
    after: () => owes(null, memslot('SL.7')),
  },
}
