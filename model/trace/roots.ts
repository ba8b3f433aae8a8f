import type { Comparison, Condition, OwedStep, StepOfKind } from '../language/observation.ts'
import type { Kvm } from '../memory/kvm.ts'
import { compare, flushAndMode, isAskedToFree, require } from './conditions.ts'
import { type Kernel, roleOf } from './kernel.ts'
import type { EventOf, TraceEvent } from './line.ts'
import type { RootsCensus } from './roots-census.ts'
import { type Exit, FREES, type PrintedRoots, type RootsNotes, rootsIn, type Section } from './roots-notes.ts'
import { by, oneOf, owes, row, type Table, vcpu } from './table.ts'

/** What the rows know of the log. */
export interface RootsContext {
  readonly notes: RootsNotes
  readonly census: RootsCensus
  readonly kernel: Kernel
}
type C = RootsContext
type Of = Pick<TraceEvent, 'tid'>

/** The vCPU whose thread an event is of. */
const self = (e: Of, c: C): number => c.notes.of(e).vcpu as number
const isOfVcpu = (e: Of, c: C): boolean => c.notes.of(e).vcpu !== null
/** The lock section that an event is in. */
const section = (e: Of, c: C): Section => c.notes.of(e).section as Section
const isInSection = (e: Of, c: C): boolean => c.notes.of(e).section !== null
/** A request is being sent that one of the threads in the slice sends. */
const isInSlice = (e: Of, c: C): boolean => isInSection(e, c) && section(e, c).request !== null

const root = (c: C, hpa: number | null): Comparison['is'] =>
  hpa === null ? null : { name: c.notes.root(hpa) }
const currentRoot = (c: C, v: number, hpa: number | null): Condition<Kvm> =>
  compare('root.hpa', (kvm) => kvm.vcpu[v].root, root(c, hpa))

/** The slots of the current MMU. */
const slots = (c: C, v: number, { rhpa, h0, h1, h2 }: PrintedRoots): Condition<Kvm>[] => [
  currentRoot(c, v, rhpa),
  ...[h0, h1, h2].map((hpa, i) =>
    compare(`prev_roots[${i}].hpa`, (kvm) => kvm.vcpu[v].prev_roots[i], root(c, hpa)),
  ),
]

/** The bits of roots_to_free: KVM_MMU_ROOT_CURRENT and KVM_MMU_ROOT_PREVIOUS(i). */
const maskOf = (kvm: Kvm, v: number): number =>
  kvm.vcpu[v].roots_to_free.elements().reduce((mask, slot) => mask | (1 << slot), 0)

/** A root page is as the log prints it: fields that are written under mmu_lock only. */
function pageIs(c: C, name: string, { rootc, role, gen }: Pick<EventOf<'get_sp'>, 'rootc' | 'role' | 'gen'>) {
  const of = <T>(what: string, value: (page: Kvm['page'][number]) => T, is: T): Condition<Kvm> =>
    require(`sp->${what} = ${is}`, (kvm, _, names) => {
      const page = names(name)
      return page !== undefined && value(kvm.page[page]) === is
    })
  return [
    of('root_count', (page) => page.root_count, rootc),
    of('role.invalid', (page) => page.role_invalid, roleOf(c.kernel, role).invalid),
    of('mmu_valid_gen', (page) => page.mmu_valid_gen, gen),
  ]
}

const ZAPPER = 0
const zapper = (step: StepOfKind['step']): StepOfKind => ({ kind: 'zapper', step })
const memslot = (step: string): StepOfKind => ({ kind: 'memslot', step })
const elsewhere = (step: string): StepOfKind => ({ kind: 'elsewhere', step })

/** Steps in all blocks in which a vCPU frees roots. */
const inFrees = (step: string, taken?: number): StepOfKind[] =>
  Object.values(FREES).map((path) => vcpu(`${path}/${step}`, taken))

/** The thread that stands for the holder of the lock, with one of its steps in the block `path`. */
function inBlock(path: string, step: StepOfKind['step'], v: number | null): OwedStep<Kvm> {
  const name = typeof step === 'string' ? `${path}/${step}` : step
  if (path.startsWith('ZF.')) return by(null, { kind: 'memslot', step: name })
  return /^(?:ZAP|CM)/.test(path) ? by(ZAPPER, zapper(name)) : by(v, vcpu(name))
}
const SENDING_BLOCKS: readonly StepOfKind[] = [
  ...['ZAP.9/request/REQ.0', 'CM/CM.2/REQ.0'].map(zapper),
  ...['ZF.4/request/REQ.0', 'ZF.6/CM.2/REQ.0'].map(memslot),
  ...inFrees('FR.4/CM.2/REQ.0'),
]

const isZap = (path: string): boolean => /^ZAP\.0\[\d+\]$/.test(path)
const isRequest = (path: string): boolean => /\/REQ\.1\[\d+\]$/.test(path)
const isCr3 = (path: string): boolean => path.startsWith('CR3[')
const isVmrun = (path: string): boolean => path.startsWith('L2[')

const LOCKED_BY = {
  load: vcpu('LOAD.1'),
  fault: vcpu('PF/PF.11'),
} as const
const UNLOCKED_BY = {
  load: vcpu('LOAD.4'),
  fault: vcpu('PF/PF.15'),
} as const

/** Who has taken the lock; all who may have if the log does not tell. */
function locks(v: number | null, { isMade, role, path, isRetaken }: Section): OwedStep<Kvm>[] {
  if (isRetaken) return [by(null, memslot('ZF.5 break/ZF.5 relock'))]
  if (role === 'load' || role === 'fault') return [by(v, LOCKED_BY[role])]
  if (role === 'free') return [by(v, vcpu(`${path}/FR.2`))]
  const all = {
    zapper: by(ZAPPER, zapper('ZAP.0 lock')),
    memslot: by(null, memslot('ZF.1')),
    elsewhere: by(null, elsewhere('lock')),
  }
  return isMade ? [all[role]] : Object.values(all)
}

/** Who releases it. In the middle of a zap-all the lock may be dropped for others to take it. */
function unlocks(v: number | null, { role, path }: Section): OwedStep<Kvm>[] {
  if (role === 'load' || role === 'fault') return [by(v, UNLOCKED_BY[role])]
  if (role === 'free') return [by(v, vcpu(`${path}/FR.5`))]
  if (role === 'zapper') return [by(ZAPPER, zapper('ZAP.unlock'))]
  if (role === 'elsewhere') return [by(null, elsewhere('unlock'))]
  return [by(null, memslot('ZF.7')), by(null, memslot('ZF.5 unlock'))]
}

/** The step that a VM-exit was; all that it may have been if the log does not tell. */
function exits({ vcpu: v, reason }: EventOf<'kvm_exit'>, { census }: C, { isMade, was, pgd }: Exit) {
  const { direct, nested, pgds, wpToggles } = census
  const toPgd = (p: number): OwedStep<Kvm> =>
    nested ? by(v, vcpu(p === 0 ? 'L1' : `L2[${p}]`)) : by(v, vcpu(`CR3[${p}]`))
  const switches = pgds.length > 1 && (nested || (!direct && reason === 'write_cr3'))
  const isFault = reason === 'PF excp' || reason === 'npf'
  const steps: OwedStep<Kvm>[] = []
  if (isFault && (!isMade || was === 'fault')) steps.push(by(v, vcpu('fault below')))
  if (switches && isMade && was === 'pgd' && pgd >= 0) steps.push(toPgd(pgd))
  if (switches && !isMade) steps.push(...pgds.map((_, p) => toPgd(p)))
  if (/cr0/.test(reason) && wpToggles && !direct && (!isMade || was === 'cr0'))
    steps.push(by(v, vcpu('CR0.WP')))
  if (reason === 'interrupt' && (!isMade || was === 'other')) steps.push(by(v, vcpu('interrupt')))
  if (!isMade || steps.length === 0 || was === 'other') steps.push(by(v, vcpu('exit: other')))
  return steps
}

/**
 * The table of slice "roots": which vCPU holds which root page, in which slot; when a root page is zapped, and how the
 * vCPUs learn of it.
 *
 * The kernel frees the root slots of a vCPU one by one, the model at once (FR.3); it sets role.invalid and sends the
 * request within one zap, without an event in between (ZAP.8). The model rotates roots one step per slot (NP.3), the
 * log shows the result.
 */
export const rootsTable: Table<C> = {
  vcpu_run: {
    steps: [vcpu('RUN.8', 1)],
    before: (e) => owes(e.vcpu, vcpu('RUN.8', 1)),
    exact: (e, c) => [currentRoot(c, e.vcpu, e.rhpa)],
    reads: (e) => [isAskedToFree(e.vcpu, e.pending), ...flushAndMode(e.vcpu, e.pending, e.mode)],
  },

  kvm_exit: row<C, EventOf<'kvm_exit'>, Exit>({
    steps: [
      vcpu('interrupt'),
      vcpu('exit: other'),
      vcpu('fault below'),
      vcpu(isCr3),
      vcpu(isVmrun),
      vcpu('L1'),
      vcpu('CR0.WP'),
    ],
    waits: (e, c) => c.notes.of(e).exit as Exit,
    before: (e, c, exit) => [oneOf(...exits(e, c, exit))],
  }),

  free_obsolete_roots: {
    steps: [vcpu('RUN.1/K2')],
    // The second call is for the other MMU.
    concerns: (e, c) => isOfVcpu(e, c) && !c.notes.of(e).rootMmuIsDone,
    before: (e, c) => owes(self(e, c), vcpu('RUN.1/K2')),
    exact: (e, c) => slots(c, self(e, c), e),
  },

  free_roots: {
    steps: [...inFrees('FR.1', 1), vcpu('NP/NP.4')],
    concerns: (e, c) => {
      const isLoad = c.notes.of(e).freePath === FREES.cr3
      return isOfVcpu(e, c) && e.mask !== 0 && (isLoad || rootsIn(e, e.mask).some((hpa) => hpa !== null))
    },
    before: (e, c) => {
      const v = self(e, c)
      const { freePath } = c.notes.of(e)
      if (freePath !== FREES.cr3) return owes(v, vcpu(`${freePath}/FR.1`, 1))
      if (e.rhpa === null) return owes(v, vcpu('NP/NP.4', 1))
      return owes(v, vcpu('NP/NP.4', 0), vcpu(`${freePath}/FR.1`, 1))
    },
    exact: (e, c) => {
      const v = self(e, c)
      const isLoad = c.notes.of(e).freePath === FREES.cr3
      const isEvicted = e.rhpa !== null || !isLoad
      return [...slots(c, v, e), compare('roots_to_free', (kvm) => maskOf(kvm, v), isEvicted ? e.mask : 0)]
    },
  },

  new_pgd: {
    steps: [vcpu('NP/NP.2')],
    concerns: isOfVcpu,
    exact: (e, c) => [compare('CR3', (kvm) => kvm.vcpu[e.vcpu].cr3, c.notes.pgd(e)), ...slots(c, e.vcpu, e)],
    after: (e) => owes(e.vcpu, vcpu('NP/NP.2')),
  },

  load_pgd: {
    exact: (e, c) => [currentRoot(c, e.vcpu, e.root)],
  },

  mmu_load: {
    steps: [vcpu('RUN.5', 1)],
    before: (e) => owes(e.vcpu, vcpu('RUN.5', 1)),
    exact: (e, c) => slots(c, e.vcpu, e),
  },

  get_sp: {
    steps: [vcpu('LOAD.2/GET.3'), vcpu('LOAD.2/GET.6')],
    concerns: (e, c) => e.fn === 'mmu_alloc_root' && isOfVcpu(e, c),
    before: (e, c) =>
      c.notes.of(e).created
        ? owes(self(e, c), vcpu('LOAD.2/GET.3', 1), vcpu('LOAD.2/GET.6'))
        : owes(self(e, c), vcpu('LOAD.2/GET.3', 0)),
    binds: (e, c) => {
      const { looked, created } = c.notes.of(e)
      const v = self(e, c)
      return created ? [{ name: looked as string, value: (kvm) => kvm.vcpu[v].fault.child }] : []
    },
    exact: (e, c) => {
      const v = self(e, c)
      const name = c.notes.of(e).looked as string
      const frame = c.notes.frame(e)
      return [
        compare('sp', (kvm) => kvm.vcpu[v].fault.child, { name }),
        require(`sp->gfn = ${frame}`, (kvm, _, names) => kvm.page[names(name) as number]?.gfn === frame),
        ...pageIs(c, name, e),
      ]
    },
  },

  alloc_root: {
    steps: [vcpu('LOAD.3')],
    concerns: isOfVcpu,
    before: (e, c) => owes(self(e, c), vcpu('LOAD.3')),
    exact: (e, c) => [currentRoot(c, self(e, c), e.hpa)],
  },

  wlock_acq: row<C, EventOf<'wlock_acq'>, Section>({
    steps: [
      ...inFrees('FR.2'),
      ...Object.values(LOCKED_BY),
      memslot('ZF.1'),
      memslot('ZF.5 break/ZF.5 relock'),
      zapper('ZAP.0 lock'),
      elsewhere('lock'),
    ],
    waits: section,
    before: (e, c, taken) => [oneOf(...locks(c.notes.of(e).vcpu, taken))],
  }),

  wunlock: {
    steps: [
      ...inFrees('FR.5'),
      ...Object.values(UNLOCKED_BY),
      memslot('ZF.7'),
      memslot('ZF.5 unlock'),
      zapper('ZAP.unlock'),
      elsewhere('unlock'),
    ],
    concerns: isInSection,
    after: (e, c) => [oneOf(...unlocks(c.notes.of(e).vcpu, section(e, c)))],
  },

  stale_chk: {
    exact: (e, c) => [currentRoot(c, e.vcpu, e.rhpa)],
    reads: (e) => [isAskedToFree(e.vcpu, e.pending)],
  },

  stale_ret: {
    steps: [vcpu('PF/PF.12'), vcpu('PF/retry of a notifier')],
    concerns: isOfVcpu,
    before: (e, c) => {
      const v = self(e, c)
      if (e.ret === 0) return owes(v, vcpu('PF/PF.12', 1))
      const retry = c.notes.of(e).invalidated ? [by(v, vcpu('PF/retry of a notifier'))] : []
      return [oneOf(by(v, vcpu('PF/PF.12', 0)), ...retry)]
    },
  },

  prep_zap: {
    steps: [zapper(isZap), zapper('ZAP.2'), memslot('ZF.5 next'), memslot('ZF.5 zap/ZAP.2')],
    concerns: (e, c) => isInSection(e, c) && c.notes.page(e.sp) !== undefined,
    before: (e, c) => {
      const is = { name: c.notes.page(e.sp) as string }
      const { role } = section(e, c)
      // The second time, from mmu_free_root_page(): part of FR.3.
      if (role === 'free') return []
      if (role !== 'memslot')
        return [oneOf(by(ZAPPER, zapper(isZap), { after: [compare('sp', (kvm) => kvm.zapper[0].sp, is)] }))]
      return [
        oneOf(by(null, memslot('ZF.5 next'), { after: [compare('sp', (kvm) => kvm.memslot[0].sp, is)] })),
      ]
    },
    exact: (e, c) => [
      ...pageIs(c, c.notes.page(e.sp) as string, e),
      compare('kvm->arch.mmu_valid_gen', (kvm) => kvm.mmu_valid_gen, e.vmgen),
    ],
    after: (e, c) => {
      const { role } = section(e, c)
      if (role === 'free') return []
      return role === 'memslot' ? owes(null, memslot('ZF.5 zap/ZAP.2')) : owes(ZAPPER, zapper('ZAP.2'))
    },
  },

  zap_all_fast: {
    steps: [memslot('ZF.2')],
    concerns: isInSection,
    exact: (e) => [compare('kvm->arch.mmu_valid_gen', (kvm) => kvm.mmu_valid_gen, e.gen)],
    after: () => owes(null, memslot('ZF.2')),
  },

  req_all: {
    steps: SENDING_BLOCKS,
    concerns: (e, c) => isInSection(e, c) && section(e, c).request !== null,
    before: (e, c) => [oneOf(inBlock(section(e, c).request as string, 'REQ.0', c.notes.of(e).vcpu))],
  },

  req_vcpu: {
    steps: ['vcpu', 'zapper', 'memslot'].map((kind) => ({ kind, step: isRequest })),
    reads: (e, c) =>
      isInSlice(e, c)
        ? [isAskedToFree(e.vcpu, e.pending), ...flushAndMode(e.vcpu, e.pending, e.mode)]
        : [isAskedToFree(e.vcpu, e.pending)],
    after: (e, c) =>
      isInSlice(e, c)
        ? [oneOf(inBlock(section(e, c).request as string, `REQ.1[${e.vcpu}]`, c.notes.of(e).vcpu))]
        : [],
  },

  free_root_page: {
    steps: inFrees('FR.3'),
    concerns: (e, c) => isInSection(e, c) && isOfVcpu(e, c),
    exact: (e, c) => {
      const isNext = section(e, c).toFree[0] === e.root
      return [require('the slot is the next one in roots_to_free', () => isNext)]
    },
    after: (e, c) => {
      const { rootsFreed, path } = section(e, c)
      return rootsFreed === 0 ? owes(self(e, c), vcpu(`${path}/FR.3`)) : []
    },
  },

  kmem_cache_free: {
    steps: [...inFrees('FR.4/CM.3'), zapper('CM/CM.3'), memslot('ZF.6/CM.3')],
    concerns: (e, c) => isInSection(e, c) && c.notes.page(e.ptr) !== undefined,
    before: (e, c) => {
      const { pagesFreed, role, path } = section(e, c)
      if (pagesFreed > 0) return []
      const at = role === 'memslot' ? 'ZF.6' : role === 'free' ? `${path}/FR.4` : 'CM'
      return [oneOf(inBlock(at, 'CM.3', c.notes.of(e).vcpu))]
    },
    exact: (e, c) => {
      const name = c.notes.page(e.ptr) as string
      return [
        require('the page is free', (kvm, _, names) => {
          const page = names(name)
          return page !== undefined && kvm.page[page].list === 'free'
        }),
      ]
    },
    unbinds: (e, c) => [c.notes.page(e.ptr) as string],
  },
}
