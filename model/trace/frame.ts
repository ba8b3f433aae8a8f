import type { Condition, OwedStep, StepOfKind } from '../language/observation.ts'
import type { Kvm } from '../memory/kvm.ts'
import { compare, flushAndMode, require } from './conditions.ts'
import type { FrameCensus } from './frame-census.ts'
import type { FrameExit, FrameNotes, FrameSection } from './frame-notes.ts'
import { FRAME, OTHER_FRAME, seqsOf } from './frame-system.ts'
import type { Kernel } from './kernel.ts'
import type { EventOf, TraceEvent } from './line.ts'
import { by, oneOf, owes, row, type Table, vcpu } from './table.ts'

/** What the rows know of the log. */
export interface FrameContext {
  readonly notes: FrameNotes
  readonly census: FrameCensus
  readonly kernel: Kernel
}
type C = FrameContext
type Of = Pick<TraceEvent, 'tid'>

const self = (e: Of, c: C): number => c.notes.of(e).vcpu as number
const section = (e: Of, c: C): FrameSection => c.notes.of(e).section as FrameSection
const roleIn = (e: Of, c: C): FrameSection['role'] | undefined => c.notes.of(e).section?.role
/** The number of the notifier that stands for the invalidation that the thread of an event starts or ends. */
const notifier = (e: Of, c: C, { depth }: FrameSection = section(e, c)): number => {
  const numbers = [...c.census.notifiers.keys()].filter((n) => c.census.notifiers[n] === e.tid)
  return numbers[depth] ?? -1
}
const isOnFrame = (e: Of, c: C): boolean => c.notes.of(e).onFrame

const ofNotifier = (step: StepOfKind['step']): StepOfKind => ({ kind: 'notifier', step })
const elsewhere = (step: string): OwedStep<Kvm> => by(null, { kind: 'elsewhere', step })

const isRequest = (path: string): boolean => /^NS\.6\/flush\/REQ\.1\[\d+\]$/.test(path)

/** mmu_invalidate_seq counts on in the log; in the model it has a few values, which is enough for a comparison. */
const count = (c: C, seq: number): number => seq % seqsOf(c.census)
const invalidation = (c: C, seq: number, inprog: number): Condition<Kvm>[] => [
  compare('mmu_invalidate_in_progress', (kvm) => kvm.mmu_invalidate.in_progress, inprog),
  compare('mmu_invalidate_seq', (kvm) => kvm.mmu_invalidate.seq, count(c, seq)),
]

/**
 * The table of slice "one frame": all faults on a frame against all invalidations. Whether the frame is mapped is that
 * its rmap is not empty: one SPTE stands for all.
 */
export const frameTable: Table<C> = {
  vcpu_run: {
    steps: [vcpu('RUN.8', 1)],
    before: (e) => owes(e.vcpu, vcpu('RUN.8', 1)),
    reads: (e) => flushAndMode(e.vcpu, e.pending, e.mode),
  },

  kvm_exit: row<C, EventOf<'kvm_exit'>, FrameExit>({
    steps: [vcpu('interrupt'), vcpu('exit: other'), vcpu('fault')],
    waits: (e, c) => c.notes.of(e).exit as FrameExit,
    before: ({ vcpu: v, reason }, _, { isMade, isFault }) => {
      const steps: OwedStep<Kvm>[] = []
      if (!isMade || isFault) steps.push(by(v, vcpu('fault')))
      if (!isMade || !isFault) steps.push(by(v, vcpu('exit: other')))
      if (!isFault && reason === 'interrupt') steps.push(by(v, vcpu('interrupt')))
      return [oneOf(...steps)]
    },
  }),

  faultin: {
    steps: [vcpu('PF/PF.7')],
    concerns: isOnFrame,
    reads: (e, c) => invalidation(c, e.kseq, e.inprog),
    after: (e) => owes(e.vcpu, vcpu('PF/PF.7')),
  },

  faultin_ret: {
    steps: [vcpu('PF/PF.8 precheck', 0), vcpu('PF/PF.10'), vcpu('PF/no page'), vcpu('PF/retry of a memslot')],
    concerns: isOnFrame,
    before: (e, c) => {
      const v = self(e, c)
      const { retriesEarly } = c.kernel
      if (e.ret === 0) return retriesEarly ? owes(v, vcpu('PF/PF.10', 1)) : []
      if (e.ret !== 1) return owes(v, vcpu('PF/no page'))
      const early = retriesEarly ? [by(v, vcpu('PF/PF.8 precheck', 0)), by(v, vcpu('PF/PF.10', 0))] : []
      const slot = c.notes.slotChanges ? [by(v, vcpu('PF/retry of a memslot'))] : []
      return [oneOf(...early, ...slot)]
    },
  },

  wlock_acq: row<C, EventOf<'wlock_acq'>, FrameSection>({
    steps: [
      vcpu('PF/PF.11'),
      ofNotifier(`NS.1[${FRAME}]`),
      ofNotifier(`NS.1[${OTHER_FRAME}]`),
      ofNotifier('NS.4 lock'),
      ofNotifier('NE.1 lock'),
      { kind: 'elsewhere', step: 'lock' },
    ],
    waits: section,
    before: (e, c, taken) => {
      const { isMade, role, isOfFrame } = taken
      if (role === 'elsewhere') return [oneOf(elsewhere('lock'))]
      if (role === 'fault') return owes(self(e, c), vcpu('PF/PF.11'))
      const n = notifier(e, c, taken)
      if (role === 'end') return owes(n, ofNotifier('NE.1 lock'))
      const frames = isMade ? [isOfFrame ? FRAME : OTHER_FRAME] : [FRAME, OTHER_FRAME]
      return [
        oneOf(...frames.map((frame) => by(n, ofNotifier(`NS.1[${frame}]`)))),
        ...owes(n, ofNotifier('NS.4 lock')),
      ]
    },
  }),

  unmap_gfn_range: {
    steps: [ofNotifier('NS.4'), ofNotifier('NS.5')],
    concerns: (e, c) => roleIn(e, c) === 'start',
    before: (e, c) => (section(e, c).ranges > 0 ? [] : owes(notifier(e, c), ofNotifier('NS.4'))),
    exact: (e, c) => invalidation(c, e.seq, e.inprog),
    after: (e, c) => (section(e, c).ranges > 0 ? [] : owes(notifier(e, c), ofNotifier('NS.5'))),
  },

  req_all: {
    steps: [ofNotifier('NS.6/flush/REQ.0')],
    concerns: (e, c) => roleIn(e, c) === 'start' && section(e, c).zapped,
    before: (e, c) => owes(notifier(e, c), ofNotifier('NS.6/flush/REQ.0')),
  },

  req_vcpu: {
    steps: [ofNotifier(isRequest)],
    concerns: (e, c) => roleIn(e, c) === 'start' && section(e, c).zapped,
    reads: (e) => flushAndMode(e.vcpu, e.pending, e.mode),
    after: (e, c) => owes(notifier(e, c), ofNotifier(`NS.6/flush/REQ.1[${e.vcpu}]`)),
  },

  inv_end: {
    steps: [ofNotifier('NE.1 seq'), ofNotifier('NE.1 count')],
    concerns: (e, c) => roleIn(e, c) === 'end',
    exact: (e, c) => invalidation(c, e.seq, e.inprog),
    after: (e, c) => owes(notifier(e, c), ofNotifier('NE.1 seq'), ofNotifier('NE.1 count')),
  },

  stale_chk: {
    concerns: (e, c) => roleIn(e, c) === 'fault',
    exact: (e, c) => [
      ...invalidation(c, e.kseq, e.inprog),
      compare('fault->mmu_seq', (kvm) => kvm.vcpu[e.vcpu].fault.mmu_seq, count(c, e.fseq)),
    ],
  },

  stale_ret: {
    steps: [vcpu('PF/PF.12 retry'), vcpu('PF/stale root')],
    concerns: (e, c) => roleIn(e, c) === 'fault',
    before: (e, c) => {
      const v = self(e, c)
      if (e.ret === 0) return owes(v, vcpu('PF/PF.12 retry', 1))
      return [oneOf(by(v, vcpu('PF/PF.12 retry', 0)), by(v, vcpu('PF/stale root')))]
    },
  },

  rmap_add: {
    steps: [vcpu('PF/SET.6', 1), { kind: 'elsewhere', step: 'map' }],
    concerns: (e, c) => c.notes.isFrame(e.gfn) && c.notes.sptes === 0,
    before: (e, c) =>
      roleIn(e, c) === 'fault' ? owes(self(e, c), vcpu('PF/SET.6', 1)) : [oneOf(elsewhere('map'))],
  },

  spte_clear: {
    steps: [
      { kind: 'elsewhere', step: 'unmap' },
      { kind: 'elsewhere', step: 'unmap in a section' },
    ],
    concerns: (e, c) => {
      const isLast = c.notes.isSpte(e.sptep) && c.notes.sptes === 1
      return isLast && c.notes.of(e).section !== null && !section(e, c).isOfFrame
    },
    after: (e, c) => [oneOf(elsewhere(roleIn(e, c) === 'elsewhere' ? 'unmap' : 'unmap in a section'))],
  },

  wunlock: {
    steps: [
      vcpu('PF/PF.15'),
      vcpu('PF/nothing mapped'),
      ofNotifier('NS.7'),
      ofNotifier('NE.1 unlock'),
      { kind: 'elsewhere', step: 'unlock' },
    ],
    concerns: (e, c) => roleIn(e, c) !== undefined,
    before: (e, c) => {
      const { role, maps } = section(e, c)
      return role === 'fault' && maps && c.notes.sptes === 0
        ? owes(self(e, c), vcpu('PF/nothing mapped'))
        : []
    },
    exact: (_, c) => {
      const isMapped = c.notes.sptes > 0
      return [
        require(`gfn ${c.census.gfn.toString(16)} is mapped = ${isMapped}`, (kvm) =>
          !kvm.rmap[FRAME][0].isEmpty() === isMapped),
      ]
    },
    after: (e, c) => {
      const { role } = section(e, c)
      if (role === 'elsewhere') return [oneOf(elsewhere('unlock'))]
      if (role === 'fault') return owes(self(e, c), vcpu('PF/PF.15'))
      return owes(notifier(e, c), ofNotifier(role === 'start' ? 'NS.7' : 'NE.1 unlock'))
    },
  },
}
