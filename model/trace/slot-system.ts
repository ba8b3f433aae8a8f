import type { Kernel } from '../kernels/kernel.ts'
import type { HarnessStep } from '../language/observation.ts'
import { drop, insert, only, type Patch } from '../language/patch.ts'
import { choice, type Program, program, type Step, step } from '../language/program.ts'
import { one, type System } from '../language/system.ts'
import { EXIT, HANDLE_TLB_FLUSH, REENTER } from '../machines/hand-over.ts'
import { memslotCreate } from '../machines/memslots/memslot-create.ts'
import type { Bounds } from '../memory/bounds.ts'
import { forget_fault } from '../memory/fault/fault.ts'
import type { Kvm } from '../memory/kvm.ts'
import { srcu_read_lock, srcu_read_unlock } from '../memory/primitives/srcu.ts'
import { finish_instruction } from '../memory/vcpu/instruction.ts'
import type { Change } from '../scenarios/additions.ts'
import { boundsOf, type Plan, scenarioOutside } from '../scenarios/build-scenario.ts'
import { unlimited } from './harness.ts'
import type { SlotCensus } from './slot-census.ts'

/** How many values the generation of the memslots has in the model, one after the other. */
export const GENERATIONS = 8

function planOf({ vcpus, notifiers }: SlotCensus): Plan {
  return {
    id: 'trace-slot',
    title: 'one memslot, as in a log',
    about: 'Faults look the slot up; what they map is left out.',
    properties: [],
    bounds: {
      vcpus,
      guest: { gfns: 2, gvas: 1, reads: [] },
      host: { pfns: 2 },
      memslots: { slots: 1, of: [null, 0], deletes: 1, mmio: true, generations: GENERATIONS + 1 },
      notifier: { threads: Math.max(1, notifiers), invalidations: 1, of: [1] },
    },
    start: { tables: [[1]] },
  }
}

/** The steps that stand for the rest of the world. */
export const slotHarness: readonly HarnessStep[] = [
  { kind: 'vcpu', step: 'exit: other', standsFor: 'VM-exit for a reason outside the slice' },
  { kind: 'vcpu', step: 'fault', standsFor: 'access to the slot that faults' },
  { kind: 'vcpu', step: 'PF/rest', standsFor: 'fault, from the test whether it is stale' },
  { kind: 'vcpu', step: 'PF/no page', standsFor: 'fault that ends before it tests whether it is stale' },
  { kind: 'vcpu', step: 'leave', standsFor: 'return to userspace, or schedule() before the next entry' },
  { kind: 'others', step: 'begin', standsFor: 'begin of an invalidation, for another frame too' },
  { kind: 'others', step: 'end', standsFor: 'end of an invalidation' },
  { kind: 'creator', step: 'another slot', standsFor: 'publication of memslots that differ in another slot' },
]

const code = { fn: 'guest', shows: 'guest' } as const

const OUTSIDE = 'reader or not'
const isReader = (kvm: Kvm, v: number): boolean => kvm.vcpu_in_srcu[v]

const harness: readonly Patch<Kvm>[] = [
  insert<Kvm>(
    { after: 'interrupt' },
    step(
      'exit: other',
      { ...code, fn: 'vcpu_enter_guest', shows: 'VM-exit for another reason' },
      { does: finish_instruction, to: EXIT.interrupt },
    ),
    step('fault', { ...code, shows: 'access to the slot, exit' }, { to: EXIT.pageFault }),
  ),
  insert<Kvm>(
    { after: 'PF.8' },
    choice('PF.8 rest', [
      step(
        'rest',
        { fn: 'kvm_mmu_faultin_pfn', shows: 'map it, or make it MMIO' },
        { does: forget_fault, to: REENTER },
      ),
      step(
        'no page',
        { fn: 'kvm_mmu_faultin_pfn', shows: 'retry, or fail' },
        { does: forget_fault, to: REENTER },
      ),
    ]),
  ),
  insert<Kvm>(
    { before: HANDLE_TLB_FLUSH },
    choice(OUTSIDE, [
      step(
        'leave',
        { fn: 'kvm_arch_vcpu_ioctl_run', shows: 'srcu_read_unlock(&kvm->srcu)' },
        { when: isReader, does: srcu_read_unlock, to: OUTSIDE },
      ),
      step(
        'back',
        { fn: 'kvm_arch_vcpu_ioctl_run', shows: 'srcu_read_lock(&kvm->srcu)' },
        { when: (kvm, v) => !isReader(kvm, v), does: srcu_read_lock, to: OUTSIDE },
      ),
      step('stay', { fn: 'vcpu_enter_guest', shows: 'continue' }, { when: isReader, to: HANDLE_TLB_FLUSH }),
    ]),
  ),
].map((patch) => only('vcpu', patch))

/** A publication of memslots that differ in another slot takes the place of that of the created one. */
const anotherSlot: Patch<Kvm> = only(
  'creator',
  insert<Kvm>(
    { before: 'SC.2' },
    choice('which slot', [
      step(
        'another slot',
        { fn: 'kvm_swap_active_memslots', shows: 'install memslots that differ in another slot' },
        {
          when: (kvm) => kvm.mn_active_invalidate_count === 0,
          does: (kvm) => {
            kvm.memslots.update_in_progress = true
          },
          to: 'SC.3',
        },
      ),
      step('this slot', { fn: 'kvm_swap_active_memslots', shows: 'the slot' }, { to: 'SC.2' }),
    ]),
  ),
)

/** Roots and pages, which the zap is about, are in other slices. */
const leftOut: readonly Patch<Kvm>[] = [
  ...['RUN.1', 'RUN.5', 'LOAD.1', 'LOAD.2', 'LOAD.3', 'LOAD.4', 'LOAD.7'],
  ...['PF.1', 'HW.1', 'HW.3', 'HW.3 fault'],
]
  .map((name) => only('vcpu', drop<Kvm>(name)))
  .concat(only('memslot', drop<Kvm>('ZF.4')))

const wrap = (kvm: Kvm): void => {
  if (kvm.memslots.generation === GENERATIONS) kvm.memslots.generation = 0
}
/** An update takes the only one that is left, and its last step gives it back: slots_lock lets one run at a time. */
const refill = (kvm: Kvm): void => {
  kvm.memslot[0].left = 1
}
const COUNTERS = [
  { step: /^SL\.7$/, refill },
  { step: /^SC\.5$/, refill },
  { step: /^(?:SL\.4|SL\.6 gen|SC\.4)$/, refill: wrap },
]

function creator(bounds: Bounds): Program<Kvm> {
  const memslots = { ...bounds.memslots, creates: 1, deletes: 0, generations: 0 }
  return { ...memslotCreate({ ...bounds, memslots }), kind: 'creator', title: 'creates memslot 0 again' }
}

function others(): Program<Kvm> {
  const count = (name: string, fn: string, by: number): Step<Kvm> =>
    step<Kvm>(
      name,
      { fn, shows: `mn_active_invalidate_count += ${by}` },
      {
        when: (kvm) => {
          const counted = kvm.mn_active_invalidate_count + by
          return counted >= 0 && counted <= kvm.notifier.length
        },
        does: (kvm) => {
          kvm.mn_active_invalidate_count += by
        },
        to: 'idle',
      },
    )
  return program<Kvm>('others', 'invalidates frames', [
    choice(
      'idle',
      [
        count('begin', 'kvm_mmu_notifier_invalidate_range_start', 1),
        count('end', 'kvm_mmu_notifier_invalidate_range_end', -1),
      ],
      { validEnd: true },
    ),
  ])
}

/**
 * The system that a log is followed with: one memslot, with a design, and the harness.
 * @throws ModelError for a design that changes what is not in the slice.
 */
export function slotSystem(
  census: SlotCensus,
  kernel: Kernel<Kvm>,
  design: Change<Kvm> = { patches: [] },
): System<Kvm> {
  const plan = planOf(census)
  const scenario = kernel.on(scenarioOutside(plan))
  const bounds = boundsOf(plan)
  const programs = [...(scenario.programs?.() ?? []), creator(bounds)]
  return scenario.build({
    ...design,
    patches: [...unlimited(programs, COUNTERS), ...design.patches, ...leftOut, ...harness, anotherSlot],
    adds: {
      ...design.adds,
      threads: (sorts, all) => [
        ...(design.adds?.threads?.(sorts, all) ?? []),
        one(creator(bounds)),
        one(others()),
      ],
      setUp: (kvm, all) => {
        design.adds?.setUp?.(kvm, all)
        if (!census.isThere) {
          kvm.slot[0].installed = 'gone'
          kvm.slot[0].arrays = 'freed'
        }
        for (let v = 0; v < all.vcpus; v++) srcu_read_unlock(kvm, v)
        // Their threads are there for the size of the count only: `others` begins and ends invalidations.
        for (const notifier of kvm.notifier) notifier.left = 0
      },
    },
  })
}
