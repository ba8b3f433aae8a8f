import type { Kernel } from '../kernels/kernel.ts'
import type { HarnessStep } from '../language/observation.ts'
import { drop, insert, only, type Patch } from '../language/patch.ts'
import { choice, type Step, step } from '../language/program.ts'
import { one, type System } from '../language/system.ts'
import { END_OF_FAULT, EXIT, REENTER } from '../machines/hand-over.ts'
import { forget_fault } from '../memory/fault/fault.ts'
import type { Kvm } from '../memory/kvm.ts'
import { drop_spte } from '../memory/shadow/rmap.ts'
import type { Change } from '../scenarios/additions.ts'
import { type Plan, scenarioOutside } from '../scenarios/build-scenario.ts'
import { map } from '../scenarios/start.ts'
import type { FrameCensus } from './frame-census.ts'
import { type Counter, elsewhere, unlimited } from './harness.ts'

/** The number of the frame in the model; of a frame that stands for all others; and of the only page table. */
export const FRAME = 1
export const OTHER_FRAME = 2
const TABLE = 0

/** How many values mmu_invalidate_seq has in the model: more than invalidations end during one fault of the log. */
export const seqsOf = ({ ends }: FrameCensus): number => Math.max(4, ends + 2)

function planOf(census: FrameCensus): Plan {
  const threads = Math.max(1, census.notifiers.length)
  return {
    id: 'trace-frame',
    title: 'faults on one frame and invalidations, as in a log',
    about: 'One SPTE stands for all that map the frame. What the host does with its page is left out.',
    properties: [],
    bounds: {
      vcpus: census.vcpus,
      shadow: { pages: 1 },
      guest: { gfns: 3, gvas: 0 },
      host: { pfns: 3 },
      notifier: { threads, invalidations: seqsOf(census), of: [FRAME, OTHER_FRAME] },
    },
    start: { tables: [[FRAME]], pages: [{ gfn: TABLE, level: 1 }] },
  }
}

/** The steps that stand for the rest of the world. */
export const frameHarness: readonly HarnessStep[] = [
  { kind: 'vcpu', step: 'fault', standsFor: 'access to the frame that faults' },
  { kind: 'vcpu', step: 'exit: other', standsFor: 'VM-exit for a reason outside the slice' },
  {
    kind: 'vcpu',
    step: 'PF/no page',
    standsFor: 'fault that ends without a page, with an error for example',
  },
  { kind: 'vcpu', step: 'PF/retry of a memslot', standsFor: 'fault that meets an invalid memslot' },
  { kind: 'vcpu', step: 'PF/stale root', standsFor: 'the test of the root of is_page_fault_stale()' },
  { kind: 'vcpu', step: 'PF/nothing mapped', standsFor: 'fault that installs no SPTE of level 1' },
  { kind: 'elsewhere', step: 'lock', standsFor: 'mmu_lock, taken for something outside the slice' },
  { kind: 'elsewhere', step: 'map', standsFor: 'SPTE of the frame that another fault has prefetched' },
  { kind: 'elsewhere', step: 'unmap', standsFor: 'SPTE of the frame that is zapped for another reason' },
  { kind: 'elsewhere', step: 'unmap in a section', standsFor: 'SPTE of the frame that a fault drops' },
]

const hardware = { fn: 'hardware page walk' } as const

/** A place at which a fault may end for a reason outside the slice. */
const mayEnd = (before: string, name: string, fn: string, to: string): Patch<Kvm> =>
  insert<Kvm>(
    { before },
    choice(`${before} ${name}`, [
      step(name, { fn, shows: name }, to === REENTER ? { does: forget_fault, to } : { to }),
      step(`not ${name}`, { fn, shows: 'continue' }, { to: before }),
    ]),
  )

const harness: readonly Patch<Kvm>[] = [
  insert<Kvm>(
    { after: 'interrupt' },
    step(
      'exit: other',
      { fn: 'vcpu_enter_guest', shows: 'VM-exit for another reason' },
      { to: EXIT.interrupt },
    ),
    step('fault', { ...hardware, shows: `gfn ${FRAME} is not mapped, exit` }, { to: EXIT.pageFault }),
  ),
  mayEnd('PF.8 precheck', 'retry of a memslot', 'kvm_faultin_pfn', REENTER),
  mayEnd('PF.10', 'no page', 'kvm_faultin_pfn', REENTER),
  mayEnd('PF.12', 'stale root', 'is_page_fault_stale', END_OF_FAULT),
  mayEnd('FETCH.1', 'nothing mapped', 'paging64_fetch', END_OF_FAULT),
].map((patch) => only('vcpu', patch))

/** Pages of the host are not compared, so it keeps them; and a vCPU keeps its root, so it never looks for another. */
const leftOut: readonly Patch<Kvm>[] = [
  only('notifier', drop('H.1')),
  ...['RUN.1', 'RUN.5', 'LOAD.1', 'LOAD.2', 'LOAD.3', 'LOAD.4', 'LOAD.7'].map((name) =>
    only('vcpu', drop<Kvm>(name)),
  ),
]

const mapped = (kvm: Kvm): boolean => kvm.page[0].spte[0].kind === 'leaf'

const mapElsewhere = step<Kvm>(
  'map',
  { fn: 'direct_pte_prefetch', shows: `map gfn ${FRAME}` },
  {
    // A prefetch is skipped while anything is invalidated.
    when: (kvm) => !mapped(kvm) && kvm.mmu_invalidate.in_progress === 0,
    does: (kvm) => map(kvm, 0, 0, FRAME, false),
    to: 'held',
  },
)

/** The holder of mmu_lock may zap the SPTE, a vCPU in its own fault included. */
const unmap = (name: string, to: string): Step<Kvm> =>
  step<Kvm>(
    name,
    { fn: 'drop_spte', shows: `zap the SPTE of gfn ${FRAME}` },
    {
      when: (kvm) => mapped(kvm) && kvm.mmu_lock !== 'free',
      does: (kvm) => drop_spte(kvm, { page: 0, index: 0 }),
      to,
    },
  )

function counters(census: FrameCensus): readonly Counter[] {
  const values = seqsOf(census)
  return [
    {
      step: /^NS\.1\[\d+\]$/,
      refill: (kvm, n) => {
        kvm.notifier[n].left = values
      },
    },
    {
      step: /^NE\.1 seq$/,
      refill: (kvm) => {
        kvm.mmu_invalidate.seq %= values
      },
    },
  ]
}

/**
 * The system that a log is followed with: faults on one frame and invalidations, with a design, and the harness.
 * @throws ModelError for a design that changes what is not in the slice.
 */
export function frameSystem(
  census: FrameCensus,
  kernel: Kernel<Kvm>,
  design: Change<Kvm> = { patches: [] },
): System<Kvm> {
  const scenario = kernel.on(scenarioOutside(planOf(census)))
  const programs = scenario.programs?.() ?? []
  return scenario.build({
    ...design,
    patches: [...unlimited(programs, counters(census)), ...design.patches, ...harness, ...leftOut],
    adds: {
      ...design.adds,
      threads: (sorts, bounds) => [
        ...(design.adds?.threads?.(sorts, bounds) ?? []),
        one(elsewhere([mapElsewhere, unmap('unmap', 'held')], [unmap('unmap in a section', 'idle')])),
      ],
    },
  })
}
