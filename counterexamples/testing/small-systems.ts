import { breadthFirst } from '../../explorer/search/breadth-first.ts'
import { goalReachableIn } from '../../explorer/search/goal-reachable.ts'
import { wayOnIn } from '../../explorer/search/way-on.ts'
import { choice, program, step } from '../../model/language/program.ts'
import { Oops, type OopsFreedom, type Property } from '../../model/language/property.ts'
import {
  array,
  flag,
  oneOf,
  range,
  ref,
  setOfNames,
  sort,
  struct,
  type View,
} from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'
import type { Trace } from '../../model/language/trace.ts'
import { counterexampleOf } from '../counterexample-file.ts'
import { type Replayed, replay } from '../replay.ts'

/** Small systems with a known failure, for tests. */
export interface SmallSystem {
  readonly system: System
  readonly property: Property<never>
  /** The oopses in which it may end, besides one that is the property. */
  readonly faults?: readonly OopsFreedom[]
}

/** `size` threads increment a counter with a load and a store: updates are lost. */
export function lostUpdate(size: number): SmallSystem {
  const cpu = sort('cpu', size)
  const world = struct({ counter: range(0, size), reg: array(cpu, range(0, size)) })
  type World = View<typeof world>
  const increment = program<World>('inc', 'increments the counter', [
    step(
      'load',
      { fn: 'account_shadowed', shows: (w) => `reg = counter  (${w.counter})` },
      {
        does: (w, self) => {
          w.reg[self] = w.counter
        },
      },
    ),
    step(
      'store',
      { fn: 'account_shadowed', shows: 'counter = reg + 1' },
      {
        does: (w, self) => {
          w.counter = w.reg[self] + 1
        },
      },
    ),
  ])
  const system = compose({
    name: `lost-update-${size}`,
    world,
    threads: [each(cpu, increment)],
    initial: [() => {}],
  })
  const property: Property<World> = {
    id: 'no-update-lost',
    kind: 'invariant',
    title: 'When all increments are done the counter says how many there were.',
    consequence: 'indirect_shadow_pages stays too low and write tracking is skipped.',
    given: (_w, at) => Array.from({ length: size }, (_, i) => at.inc[i]).every((pc) => pc === 'done'),
    holds: (w) => w.counter === size,
  }
  return { system: system, property: property }
}

/**
 * A zap that requests obsolete roots to be dropped before it marks the root invalid; the vCPU may service the request
 * too early. The comment in kvm_zap_obsolete_pages() warns of this order.
 */
export function zapVersusEnter(): SmallSystem {
  const root = sort('root', 2)
  const world = struct({
    mmu_lock: oneOf('free', 'zap', 'vcpu'),
    root_page: array(root, struct({ invalid: flag })),
    requests: setOfNames('MMU_FREE_OBSOLETE_ROOTS', 'TLB_FLUSH'),
    root_hpa: ref(root),
    mode: oneOf('OUTSIDE', 'IN_GUEST'),
  })
  type World = View<typeof world>
  const zap = program<World>('zap', 'invalidates the root', [
    step(
      'ZAP.1',
      { fn: 'kvm_mmu_zap_all_fast', shows: 'write_lock(mmu_lock)' },
      {
        when: (w) => w.mmu_lock === 'free',
        does: (w) => {
          w.mmu_lock = 'zap'
        },
      },
    ),
    step(
      'ZAP.2',
      { fn: 'kvm_mmu_zap_all_fast', shows: 'kvm_make_all_cpus_request(MMU_FREE_OBSOLETE_ROOTS)' },
      { does: (w) => w.requests.add('MMU_FREE_OBSOLETE_ROOTS') },
    ),
    step(
      'ZAP.3',
      { fn: 'kvm_mmu_zap_all_fast' },
      {
        does: (w) => {
          w.root_page[0].invalid = true
        },
      },
    ),
    step(
      'ZAP.4',
      { fn: 'kvm_mmu_zap_all_fast', shows: 'write_unlock(mmu_lock)' },
      {
        does: (w) => {
          w.mmu_lock = 'free'
        },
      },
    ),
  ])
  const vcpu = program<World>(
    'vcpu',
    'enters the guest',
    [
      step(
        'RUN.1',
        { fn: 'vcpu_enter_guest', shows: (w) => `kvm_check_request() = ${!w.requests.isEmpty()}` },
        [
          {
            when: (w) => w.requests.has('MMU_FREE_OBSOLETE_ROOTS'),
            does: (w) => w.requests.delete('MMU_FREE_OBSOLETE_ROOTS'),
          },
          { to: 'RUN.3' },
        ],
      ),
      step(
        'RUN.2',
        { fn: 'kvm_mmu_free_obsolete_roots', shows: 'is_obsolete_root(root_hpa)' },
        {
          does: (w) => {
            if (w.root_hpa !== null && w.root_page[w.root_hpa].invalid) w.root_hpa = 1
          },
        },
      ),
      step(
        'RUN.3',
        { fn: 'vcpu_enter_guest', shows: 'vcpu->mode = IN_GUEST_MODE' },
        {
          does: (w) => {
            w.mode = 'IN_GUEST'
          },
        },
      ),
      choice('RUN.4', [step('walk', { lane: 'walker', shows: 'walk from root_hpa' }, { to: 'RUN.4' })], {
        validEnd: true,
      }),
    ],
    { fn: 'vcpu_enter_guest' },
  )
  const system = compose({
    name: 'zap-versus-enter',
    world,
    threads: [one(zap), one(vcpu)],
    initial: [
      (w) => {
        w.root_hpa = 0
      },
    ],
  })
  const property: Property<World> = {
    id: 'no-stale-root-used',
    kind: 'invariant',
    title: 'A vCPU in guest mode without a pending request never uses an invalid root.',
    consequence: 'The guest reads and writes through page tables that were torn down.',
    given: (w) => w.mode === 'IN_GUEST',
    holds: (w) =>
      w.requests.has('MMU_FREE_OBSOLETE_ROOTS') || w.root_hpa === null || !w.root_page[w.root_hpa].invalid,
  }
  return { system: system, property: property }
}

/** A page is looked up, freed, and then used: a check is missing. */
export function useAfterFree(): SmallSystem {
  const world = struct({ freed: flag, found: flag, used: flag })
  type World = View<typeof world>
  const user = program<World>('user', 'uses the page', [
    step(
      'look up',
      { fn: 'kvm_mmu_get_page', shows: (w) => `for_each_valid_sp(): ${w.freed ? 'none' : 'found'}` },
      {
        does: (w) => {
          w.found = !w.freed
        },
      },
    ),
    step(
      'use',
      { fn: 'kvm_mmu_get_page', shows: 'link_shadow_page()' },
      {
        when: (w) => w.found,
        does: (w) => {
          if (w.freed) throw new Oops('no-use-after-free', 'page 0 is linked after it was freed')
          w.used = true
        },
      },
    ),
  ])
  const freer = program<World>('reclaim', 'frees the page', [
    step(
      'free',
      { fn: 'kvm_mmu_free_shadow_page' },
      {
        does: (w) => {
          w.freed = true
        },
      },
    ),
  ])
  const system = compose({
    name: 'use-after-free',
    world,
    threads: [one(freer), one(user)],
    initial: [() => {}],
  })
  const property: Property<World> = {
    id: 'no-use-after-free',
    kind: 'fault',
    title: 'No shadow page is touched after it was freed.',
  }
  return { system: system, property: property }
}

/** Two locks taken in two orders. */
export function abba(): SmallSystem {
  const world = struct({ a: oneOf('free', 'first', 'second'), b: oneOf('free', 'first', 'second') })
  type World = View<typeof world>
  const take = (lock: 'a' | 'b', who: 'first' | 'second') =>
    step<World>(
      `lock ${lock}`,
      { fn: who, shows: `mutex_lock(${lock})` },
      {
        when: (w) => w[lock] === 'free',
        does: (w) => {
          w[lock] = who
        },
      },
    )
  const release = step<World>(
    'unlock both',
    {},
    {
      does: (w) => {
        w.a = 'free'
        w.b = 'free'
      },
    },
  )
  const system = compose({
    name: 'abba',
    world,
    threads: [
      one(program<World>('first', 'takes a, then b', [take('a', 'first'), take('b', 'first'), release])),
      one(program<World>('second', 'takes b, then a', [take('b', 'second'), take('a', 'second'), release])),
    ],
    initial: [() => {}],
  })
  const property: Property<World> = {
    id: 'no-deadlock',
    kind: 'deadlock',
    title: 'Every terminal state is a valid end state of every thread.',
  }
  return { system: system, property: property }
}

/** A thread that retries forever. */
export function spinner(): SmallSystem {
  const world = struct({ stale: flag, faults: range(0, 3) })
  type World = View<typeof world>
  const vcpu = program<World>('vcpu', 'takes a page fault', [
    step('fault', { fn: 'kvm_mmu_page_fault', shows: 'walk_addr()' }),
    step('retry', { fn: 'kvm_mmu_page_fault', shows: (w) => `is_page_fault_stale() = ${w.stale}` }, [
      { when: (w) => w.stale, to: 'fault' },
      { to: 'map' },
    ]),
    step(
      'map',
      { fn: 'kvm_mmu_page_fault' },
      {
        does: (w) => {
          w.faults = 1
        },
      },
    ),
  ])
  const zap = program<World>('zap', 'makes the fault stale', [
    step(
      'bump',
      { fn: 'kvm_mmu_zap_all_fast', shows: 'mmu_valid_gen++' },
      {
        does: (w) => {
          w.stale = true
        },
      },
    ),
  ])
  const system = compose({ name: 'spinner', world, threads: [one(vcpu), one(zap)], initial: [() => {}] })
  const property: Property<World> = {
    id: 'fault-finishes',
    kind: 'eventually',
    title: 'A page fault finishes eventually.',
    goal: (w) => w.faults === 1,
  }
  return { system: system, property: property }
}

/** Once the fault is stale it can never finish; on the way to the loop the other thread does much that is irrelevant. */
export function longWayOn(): SmallSystem {
  const world = struct({ stale: flag, invalid: flag, faults: range(0, 1), work: range(0, 40) })
  type World = View<typeof world>
  const vcpu = program<World>('vcpu', 'takes a page fault', [
    step('fault', { fn: 'kvm_mmu_page_fault', shows: 'walk_addr()' }),
    step(
      'retry',
      { fn: 'kvm_mmu_page_fault', shows: (w) => `is_page_fault_stale() = ${w.invalid || w.stale}` },
      [{ when: (w) => w.invalid || w.stale, to: 'fault' }, { to: 'map' }],
    ),
    step('map', { fn: 'kvm_mmu_page_fault' }, { does: (w) => void w.faults++ }),
  ])
  const zap = program<World>('zap', 'makes the fault stale', [
    step(
      'bump',
      { fn: 'zap', shows: 'mmu_valid_gen++' },
      {
        does: (w) => {
          w.stale = true
        },
      },
    ),
    ...Array.from({ length: 20 }, (_, n) =>
      step<World>(`work ${n}`, { fn: 'zap', shows: 'zap a page' }, { does: (w) => void w.work++ }),
    ),
    step(
      'mark',
      { fn: 'zap', shows: 'role.invalid = 1' },
      {
        does: (w) => {
          w.invalid = true
        },
      },
    ),
  ])
  const system = compose({ name: 'long', world, threads: [one(vcpu), one(zap)], initial: [() => {}] })
  const property: Property<World> = {
    id: 'fault-can-finish',
    kind: 'progress',
    title: 'A page fault can finish.',
    goal: (w) => w.faults === 1,
  }
  return { system, property }
}

/**
 * Once the root is freed, a walk can only follow a NULL pointer, at once or later: what may still come is two oopses,
 * unless `rests`, when the thread may also stay where it is.
 */
export function onlyOopses({ rests }: { readonly rests: boolean }): SmallSystem {
  const world = struct({ freed: flag, walked: flag })
  type World = View<typeof world>
  const oopses = (): never => {
    throw new Oops(NO_NULL_POINTER.id, 'root_to_sp(NULL)')
  }
  const free = (w: World): void => {
    w.freed = true
  }
  const walk = (w: World): void => {
    w.walked = true
  }
  const page = { fn: 'kvm_mmu_page_fault' }
  const vcpu = program<World>('vcpu', 'walks from the root', [
    choice('free or not', [
      step('free', { fn: 'kvm_mmu_free_roots', shows: 'root = NULL' }, { does: free }),
      step('keep', page, { does: walk, to: 'rest' }),
    ]),
    choice('how', [
      step('retry', { ...page, shows: 'retry' }, {}),
      step('at once', { ...page, shows: 'is_obsolete_sp(root)' }, { does: oopses }),
      ...(rests ? [step<World>('halt', { ...page, shows: 'halt' }, { to: 'rest' })] : []),
    ]),
    step('later', { ...page, shows: 'root_to_sp(root)' }, { does: oopses }),
    step('rest', { fn: 'kvm_vcpu_halt', shows: 'wait' }, { when: () => false }),
  ])
  const system = compose({ name: 'oopses', world, threads: [one(vcpu)], initial: [() => {}] })
  const property: Property<World> = {
    id: 'can-walk',
    kind: 'progress',
    title: 'A walk can finish.',
    consequence: 'The vCPU waits forever.',
    goal: (w) => w.walked,
  }
  return { system, property, faults: [NO_NULL_POINTER] }
}

/** The oops of `onlyOopses`. */
export const NO_NULL_POINTER: OopsFreedom = {
  kind: 'fault',
  id: 'no-null-pointer',
  title: 'NULL is never dereferenced.',
}

/** The same system with another property. */
export function asking<W>({ system }: SmallSystem, property: Property<W>): SmallSystem {
  return { system, property: property }
}

/** A shortest violation, or a given trace, replayed. */
export function replayedOf(
  { system, property, faults = [] }: SmallSystem,
  trace = shortestTrace({ system, property, faults }),
): Replayed {
  const ce = counterexampleOf({
    tool: '0.1.0',
    scenario: 'small',
    design: 'upstream',
    property,
    trace,
    model: '0123456789abcdef',
  })
  const context = {
    system,
    property,
    scenario: { id: 'small', title: 'a small system', bounds: { threads: system.threads.length } },
    design: { id: 'upstream', title: 'the kernel as it is' },
    checker: { version: '0.2.0', model: 'fedcba9876543210' },
  }
  return replay(ce, () => context, goalReachableIn(system, { faults }), wayOnIn(system, { faults }))
}

/** A shortest violation as the search finds it. @throws Error when there is none. */
export function shortestTrace({ system, property, faults = [] }: SmallSystem): Trace {
  const { trace } = breadthFirst(system, [property, ...faults]).properties[0]
  if (trace === null) throw new Error(`${system.name} does not violate ${property.id}`)
  return trace
}
