import type { Kernel } from '../kernels/kernel.ts'
import type { HarnessStep } from '../language/observation.ts'
import { insert, only, type Patch } from '../language/patch.ts'
import { choice, step } from '../language/program.ts'
import { one, type System } from '../language/system.ts'
import { END_OF_FAULT, EXIT } from '../machines/hand-over.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Change } from '../scenarios/additions.ts'
import { type Plan, scenarioOutside } from '../scenarios/build-scenario.ts'
import { type Counter, elsewhere, unlimited } from './harness.ts'
import type { RootsCensus } from './roots-census.ts'

/** The scenario that slice "roots" is a behaviour of, without the harness. */
function planOf({ pgds, cr3, pages, wpToggles, direct, nested }: RootsCensus): Plan {
  const frames = Math.max(1, pgds.length)
  return {
    id: 'trace-roots',
    title: 'the roots of all vCPUs, as in a log',
    about: 'Roots only: the guest accesses no memory, and faults are below the slice.',
    properties: [],
    bounds: {
      vcpus: cr3.length,
      shadow: { pages: Math.max(1, pages), withoutGptes: direct && !nested ? [0] : [] },
      guest: {
        gfns: frames + 1,
        pgds: frames,
        gvas: 0,
        cr3Loads: frames > 1 && !direct ? 1 : 0,
        wpToggles: wpToggles && !direct ? 1 : 0,
      },
      host: { pfns: frames + 1 },
      roots: { prev: 3 },
      nested: nested ? { mmus: 2, runs: 1 } : {},
      // Also where nothing is zapped: a design that changes these threads has to find them.
      zap: { threads: 1, pages: 1, all: 1, lockBreak: true },
    },
    start: { tables: Array.from({ length: frames }, () => [frames]), cr3 },
  }
}

/** The steps that stand for the rest of the world. */
export const rootsHarness: readonly HarnessStep[] = [
  { kind: 'vcpu', step: 'exit: other', standsFor: 'VM-exit for a reason outside the slice' },
  { kind: 'vcpu', step: 'fault below', standsFor: 'page fault, which is decided below the slice' },
  {
    kind: 'vcpu',
    step: 'PF/retry of a notifier',
    standsFor: 'the test for invalidations of is_page_fault_stale()',
  },
  { kind: 'elsewhere', step: 'lock', standsFor: 'mmu_lock, taken for something outside the slice' },
]

const harness: readonly Patch<Kvm>[] = [
  insert<Kvm>(
    { after: 'interrupt' },
    step(
      'exit: other',
      { fn: 'vcpu_enter_guest', shows: 'VM-exit for another reason' },
      { to: EXIT.interrupt },
    ),
    step(
      'fault below',
      { fn: 'hardware page walk', shows: 'fault below the root, exit' },
      { to: EXIT.pageFault },
    ),
  ),
  insert<Kvm>(
    { before: 'PF.12' },
    choice('PF.12 notifier', [
      step(
        'retry of a notifier',
        { fn: 'is_page_fault_stale', shows: 'mmu_invalidate_retry_gfn() = true' },
        { to: END_OF_FAULT },
      ),
      step(
        'no notifier',
        { fn: 'is_page_fault_stale', shows: 'mmu_invalidate_retry_gfn() = false' },
        { to: 'PF.12' },
      ),
    ]),
  ),
].map((patch) => only('vcpu', patch))

const COUNTERS: readonly Counter[] = [
  {
    step: /^CR3\[\d+\]$/,
    refill: (kvm, v) => {
      kvm.vcpu[v].cr3_loads = 1
    },
  },
  {
    step: /^L2\[\d+\]$/,
    refill: (kvm, v) => {
      kvm.vcpu[v].nested_runs = 1
    },
  },
  {
    step: /^CR0\.WP$/,
    refill: (kvm, v) => {
      kvm.vcpu[v].wp_toggles = 1
    },
  },
  {
    step: /^ZAP\.0 lock$/,
    refill: (kvm, self) => {
      kvm.zapper[self].left = 1
    },
  },
  {
    step: /^ZF\.1$/,
    refill: (kvm) => {
      kvm.memslot[0].left = 1
    },
  },
]

/**
 * The system that a log is followed with: the model's roots, with a design, and the harness.
 * @throws ModelError for a design that changes what is not in the slice.
 */
export function rootsSystem(
  census: RootsCensus,
  kernel: Kernel<Kvm>,
  design: Change<Kvm> = { patches: [] },
): System<Kvm> {
  const scenario = kernel.on(scenarioOutside(planOf(census)))
  const programs = scenario.programs?.() ?? []
  return scenario.build({
    ...design,
    patches: [...unlimited(programs, COUNTERS), ...design.patches, ...harness],
    adds: {
      ...design.adds,
      threads: (sorts, bounds) => [...(design.adds?.threads?.(sorts, bounds) ?? []), one(elsewhere())],
    },
  })
}
