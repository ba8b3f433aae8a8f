import { describe, expect, it } from 'vitest'
import { choice, program, step } from '../model/language/program.ts'
import type { Property } from '../model/language/property.ts'
import { flag, range, struct, type View } from '../model/language/shapes.ts'
import { type Counters, compose, one } from '../model/language/system.ts'
import type { Trace } from '../model/language/trace.ts'
import { diagram, raceDiagram, reproduce } from './diagram.ts'
import {
  abba,
  asking,
  longWayOn,
  lostUpdate,
  onlyOopses,
  replayedOf,
  spinner,
  useAfterFree,
  zapVersusEnter,
} from './testing/small-systems.ts'

const drawn = (...args: Parameters<typeof replayedOf>): string =>
  `\n${raceDiagram(replayedOf(...args)).join('\n')}\n`

describe('the race diagram', () => {
  it('two lanes: the race, the deciding changes and the failing row have letters', () => {
    expect(`\n${diagram(replayedOf(zapVersusEnter()))}`).toMatchInlineSnapshot(`
      "
      VIOLATED  no-stale-root-used
      scenario  small: a small system
      design    upstream: the kernel as it is
      trace     ce-eae71c3d, 6 steps, 3 context switches

      At the beginning:
        root_page[0].invalid = 0            requests = {}
        root_hpa = root 0                   mode = OUTSIDE

        CPU0 (zap)                          CPU1 (vcpu)
        ----------                          -----------
        kvm_mmu_zap_all_fast()
          write_lock(mmu_lock)
          kvm_make_all_cpus_request(MMU_FREE_OBSOLETE_ROOTS)                (A)
            requests = {MMU_FREE_OBSOLETE_ROOTS}
                                            vcpu_enter_guest()
                                              kvm_check_request() = true    (B)
                                                requests = {}
                                              kvm_mmu_free_obsolete_roots()
                                                is_obsolete_root(root_hpa)  (C)
          root_page[0].invalid = 1                                          (D)
                                              vcpu->mode = IN_GUEST_MODE    (E)
                                              <--- BUG: no-stale-root-used

      vcpu reads root_page[0].invalid = 0 at (C) and does not read it again after
      zap changes it to 1 at (D). requests = {MMU_FREE_OBSOLETE_ROOTS} since (A)
      and {} since (B). (E) violates no-stale-root-used: A vCPU in guest mode
      without a pending request never uses an invalid root. The guest reads and
      writes through page tables that were torn down.

      Changed since the beginning  before   now
        root_page[0].invalid       0        1
        requests                   {}       as before
        mode                       OUTSIDE  IN_GUEST

      Reproduce: mmucheck check small \\
          --design upstream --property no-stale-root-used
      "
    `)
  })

  it('a thread overwrites what another one wrote', () => {
    expect(drawn(lostUpdate(2))).toMatchInlineSnapshot(`
      "
      At the beginning:
        counter = 0

        CPU0 (inc0)                         CPU1 (inc1)
        -----------                         -----------
        account_shadowed()
          reg = counter (0)
                                            account_shadowed()
                                              reg = counter (0)             (A)
          counter = reg + 1                                                 (B)
                                              counter = reg + 1             (C)
                                              <--- BUG: no-update-lost

      inc1 reads counter = 0 at (A) and does not read it again after inc0 changes
      it to 1 at (B). (C) violates no-update-lost: When all increments are done
      the counter says how many there were. indirect_shadow_pages stays too low
      and write tracking is skipped.
      "
    `)
  })

  it('three lanes', () => {
    expect(drawn(lostUpdate(3))).toMatchInlineSnapshot(`
      "
      At the beginning:
        counter = 0

        CPU0 (inc0)             CPU1 (inc1)             CPU2 (inc2)
        -----------             -----------             -----------
        account_shadowed()
          reg = counter (0)
          counter = reg + 1                                                 (A)
                                account_shadowed()
                                  reg = counter (1)
                                                        account_shadowed()
                                                          reg = counter (1) (B)
                                  counter = reg + 1                         (C)
                                                          counter = reg + 1 (D)
                                                         <--- BUG: no-update-lost

      inc2 reads counter = 1 at (B) and does not read it again after inc1 changes
      it to 2 at (C). inc0 is past (A). (D) violates no-update-lost: When all
      increments are done the counter says how many there were.
      indirect_shadow_pages stays too low and write tracking is skipped.
      "
    `)
  })

  it('more lanes than columns: numbers of CPU and step', () => {
    expect(drawn(lostUpdate(4))).toMatchInlineSnapshot(`
      "
      At the beginning:
        counter = 0

        CPU0 (inc0), CPU1 (inc1), CPU2 (inc2), CPU3 (inc3)
        ---------------------------------------------------------------------
              account_shadowed()
        0.1     reg = counter (0)
        0.2     counter = reg + 1                                           (A)
                  account_shadowed()
        1.1         reg = counter (1)
        1.2         counter = reg + 1                                       (B)
                      account_shadowed()
        2.1             reg = counter (2)
                          account_shadowed()
        3.1                 reg = counter (2)                               (C)
        2.2             counter = reg + 1                                   (D)
        3.2                 counter = reg + 1                               (E)
                              <--- BUG: no-update-lost

      inc3 reads counter = 2 at (C) and does not read it again after inc2 changes
      it to 3 at (D). inc0 is past (A) and inc1 is past (B). (E) violates
      no-update-lost: When all increments are done the counter says how many
      there were. indirect_shadow_pages stays too low and write tracking is
      skipped.
      "
    `)
  })

  it('a fault', () => {
    expect(drawn(useAfterFree())).toMatchInlineSnapshot(`
      "
      At the beginning:
        freed = 0                           found = 0

        CPU0 (reclaim)                      CPU1 (user)
        --------------                      -----------
                                            kvm_mmu_get_page()
                                              for_each_valid_sp(): found    (A)
        kvm_mmu_free_shadow_page()
          freed = 1                                                         (B)
                                              link_shadow_page()            (C)
                                              <--- BUG: no-use-after-free

      user reads freed = 0 at (A) and does not read it again after reclaim
      changes it to 1 at (B). Oops at (C): page 0 is linked after it was freed.
      This violates no-use-after-free: No shadow page is touched after it was
      freed.
      "
    `)
  })

  it('a deadlock', () => {
    expect(drawn(abba())).toMatchInlineSnapshot(`
      "
      At the beginning:
        a = free                            b = free

        CPU0 (first)                        CPU1 (second)
        ------------                        -------------
        first(): mutex_lock(a)                                              (A)
                                            second(): mutex_lock(b)         (B)
                                              <--- BUG: no-deadlock

      a = first since (A). first is blocked at mutex_lock(b) (b = second) and
      second is blocked at mutex_lock(a) (a = first). This violates no-deadlock:
      Every terminal state is a valid end state of every thread.
      "
    `)
  })

  it('a lasso', () => {
    expect(drawn(spinner())).toMatchInlineSnapshot(`
      "
      At the beginning:
        stale = 0

        CPU0 (vcpu)                         CPU1 (zap)
        -----------                         ----------
                                            kvm_mmu_zap_all_fast()
                                              mmu_valid_gen++
        --- the steps below repeat forever --------------------------------
        kvm_mmu_page_fault()
          walk_addr()
          is_page_fault_stale() = true                                      (A)
          <--- BUG: fault-finishes

      Repeating the steps up to (A) forever violates fault-finishes: A page fault
      finishes eventually.
      "
    `)
  })

  it('a lasso without steps in its loop', () => {
    const property: Property<{ stale: boolean }> = {
      id: 'becomes-stale',
      kind: 'eventually',
      title: 'The fault becomes stale',
      fairness: [],
      goal: (w) => w.stale,
    }
    expect(drawn(asking(spinner(), property))).toMatchInlineSnapshot(`
      "
      At the beginning:
        stale = 0

        <--- BUG: becomes-stale

      Staying there forever violates becomes-stale: The fault becomes stale.
      "
    `)
  })

  it('a goal out of reach', () => {
    const property: Property<{ stale: boolean }> = {
      id: 'can-be-fresh',
      kind: 'progress',
      title: 'The fault can still be fresh.',
      goal: (w) => !w.stale,
    }
    expect(drawn(asking(spinner(), property))).toMatchInlineSnapshot(`
      "
      At the beginning:
        stale = 0

        CPU0 (vcpu)                         CPU1 (zap)
        -----------                         ----------
                                            kvm_mmu_zap_all_fast()
                                              mmu_valid_gen++               (A)
                                                stale = 1
        --- the goal is out of reach; it continues like this --------------
        --- the steps below repeat forever --------------------------------
        kvm_mmu_page_fault()
          walk_addr()
          is_page_fault_stale() = true
          <--- BUG: can-be-fresh

      After (A) the goal can no longer be reached, which violates can-be-fresh:
      The fault can still be fresh. vcpu repeats the last steps forever.
      "
    `)
  })

  it('a goal out of reach: the way to the dead end, and what the threads wait for there', () => {
    const property: Property<{ a: string; b: string }> = {
      id: 'can-finish',
      kind: 'progress',
      title: 'Both threads can finish.',
      goal: ((_: unknown, at: Counters) => at.first[0] === 'done' && at.second[0] === 'done') as never,
    }
    expect(drawn(asking(abba(), property))).toMatchInlineSnapshot(`
      "
        CPU0 (first)                        CPU1 (second)
        ------------                        -------------
        first(): mutex_lock(a)
                                            second(): mutex_lock(b)         (A)
                                              <--- BUG: can-finish

      After (A) the goal can no longer be reached, which violates can-finish:
      Both threads can finish. first is blocked at mutex_lock(b) (b = second) and
      second is blocked at mutex_lock(a) (a = first).
      "
    `)
  })

  it('a goal out of reach, when nothing moves any more', () => {
    const property: Property<{ counter: number }> = {
      id: 'can-count',
      kind: 'progress',
      title: 'All increments can be counted.',
      goal: (w) => w.counter === 2,
    }
    expect(drawn(asking(lostUpdate(2), property))).toMatchInlineSnapshot(`
      "
        CPU0 (inc0)                         CPU1 (inc1)
        -----------                         -----------
        account_shadowed()
          reg = counter (0)
                                            account_shadowed()
                                              reg = counter (0)             (A)
        --- the goal is out of reach; it continues like this --------------
          counter = reg + 1
                                              counter = reg + 1
        --- no thread takes another step ----------------------------------
                                              <--- BUG: can-count

      After (A) the goal can no longer be reached, which violates can-count: All
      increments can be counted.
      "
    `)
  })

  it('a goal out of reach, and every way on ends in an oops', () => {
    expect(drawn(onlyOopses({ rests: false }))).toMatchInlineSnapshot(`
      "
        CPU0 (vcpu)
        -----------
        kvm_mmu_free_roots(): root = NULL                                   (A)
        --- the goal is out of reach; it continues like this --------------
        kvm_mmu_page_fault()
          is_obsolete_sp(root)
          <--- BUG: can-walk

      After (A) the goal can no longer be reached, which violates can-walk: A
      walk can finish. Every way on ends in an oops (here no-null-pointer):
      root_to_sp(NULL).
      "
    `)
  })

  it('a goal out of reach: a dead end rather than an oops, where there is one', () => {
    const text = drawn(onlyOopses({ rests: true }))
    expect(text).not.toContain('oops')
    expect(text).toContain('vcpu is blocked')
  })

  it('a way on that is long: what is tested in the loop, and what writes that', () => {
    const text = drawn(longWayOn())
    expect(text).toMatchInlineSnapshot(`
      "
        CPU0 (vcpu)                         CPU1 (zap)
        -----------                         ----------
                                            zap()
                                              mmu_valid_gen++               (A)
        --- the goal is out of reach; it continues like this --------------
                                              :
                                              role.invalid = 1
        --- the steps below repeat forever --------------------------------
        :
        kvm_mmu_page_fault()
          is_page_fault_stale() = true
          <--- BUG: fault-can-finish

      After (A) the goal can no longer be reached, which violates
      fault-can-finish: A page fault can finish. vcpu repeats the last steps
      forever.
      "
    `)
  })

  it('an action', () => {
    const property: Property<{ root_hpa: number; root_page: { invalid: boolean }[] }> = {
      id: 'no-root-in-use-invalidated',
      kind: 'action',
      title: 'A root in use is not invalidated.',
      given: (before, step) => step.kind === 'zap' && !before.root_page[before.root_hpa].invalid,
      holds: (before, _step, after) => !after.root_page[before.root_hpa].invalid,
    }
    expect(drawn(asking(zapVersusEnter(), property))).toMatchInlineSnapshot(`
      "
      At the beginning:
        root_page[0].invalid = 0            root_hpa = root 0

        CPU0 (zap)
        ----------
        kvm_mmu_zap_all_fast()
          write_lock(mmu_lock)
          kvm_make_all_cpus_request(MMU_FREE_OBSOLETE_ROOTS)
          root_page[0].invalid = 1                                          (A)
          <--- BUG: no-root-in-use-invalidated

      (A) violates no-root-in-use-invalidated: A root in use is not invalidated.
      "
    `)
  })

  it('a witness has no bug in it; steps with a separate lane get one', () => {
    const property: Property<{ mode: string; requests: { isEmpty(): boolean } }> = {
      id: 'enters-with-a-request',
      kind: 'witness',
      title: 'A vCPU is in guest mode while a request is pending.',
      seen: (w) => w.mode === 'IN_GUEST' && !w.requests.isEmpty(),
    }
    const small = asking(zapVersusEnter(), property)
    expect(drawn(small)).toMatchInlineSnapshot(`
      "
      At the beginning:
        requests = {}                       mode = OUTSIDE

        CPU0 (zap)                          CPU1 (vcpu)
        ----------                          -----------
        kvm_mmu_zap_all_fast()
          write_lock(mmu_lock)
                                            vcpu_enter_guest()
                                              kvm_check_request() = false   (A)
          kvm_make_all_cpus_request(MMU_FREE_OBSOLETE_ROOTS)                (B)
            requests = {MMU_FREE_OBSOLETE_ROOTS}
                                              vcpu->mode = IN_GUEST_MODE    (C)
                                              <--- enters-with-a-request

      vcpu reads requests = {} at (A) and does not read it again after zap
      changes it to {MMU_FREE_OBSOLETE_ROOTS} at (B). (C) reaches
      enters-with-a-request: A vCPU is in guest mode while a request is pending.
      "
    `)
    const steps = ['vcpu RUN.1', 'vcpu RUN.3', 'vcpu walk', 'zap ZAP.1', 'zap ZAP.2'].map((s) => {
      const [thread, step] = s.split(' ')
      return { thread, step }
    })
    expect(drawn(small, { initial: 0, steps })).toMatchInlineSnapshot(`
      "
      At the beginning:
        requests = {}                       mode = OUTSIDE

        CPU0 (zap)              CPU1 (vcpu)             CPU1 (walker of vcpu)
        ----------              -----------             ---------------------
                                vcpu_enter_guest()
                                  kvm_check_request() = false               (A)
                                  vcpu->mode = IN_GUEST_MODE                (B)
                                                        walk from root_hpa
        kvm_mmu_zap_all_fast()
          write_lock(mmu_lock)
          kvm_make_all_cpus_request(MMU_FREE_OBSOLETE_ROOTS)                (C)
            requests = {MMU_FREE_OBSOLETE_ROOTS}
          <--- enters-with-a-request

      vcpu reads requests = {} at (A) and does not read it again after zap
      changes it to {MMU_FREE_OBSOLETE_ROOTS} at (C). mode = IN_GUEST since (B).
      (C) reaches enters-with-a-request: A vCPU is in guest mode while a request
      is pending.
      "
    `)
  })

  it('the initial state alone', () => {
    const property: Property<{ counter: number }> = {
      id: 'counts',
      kind: 'invariant',
      title: 'The counter is not zero.',
      holds: (w) => w.counter > 0,
    }
    expect(drawn(asking(lostUpdate(2), property))).toMatchInlineSnapshot(`
      "
      At the beginning:
        counter = 0

        <--- BUG: counts

      The initial state violates counts: The counter is not zero.
      "
    `)
  })
})

describe('routine steps', () => {
  const world = struct({ lost: flag, seen: range(0, 3) })
  type World = View<typeof world>
  const system = compose({
    name: 'routine',
    world,
    threads: [
      one(
        program<World>('vcpu', 'enters the guest', [
          step('RUN.1', { quiet: true, shows: 'srcu_read_unlock(&kvm->srcu)' }),
          step('RUN.2', { shows: 'VM-exit' }),
        ]),
      ),
      one(
        program<World>('host', 'takes a page away', [
          choice('look', [
            step(
              'look again',
              { quiet: true, shows: 'seen++' },
              {
                when: (w) => w.seen < 2,
                does: (w) => w.seen++,
                to: 'look',
              },
            ),
            step(
              'clear',
              { shows: 'clear the host PTE' },
              {
                does: (w) => {
                  w.lost = true
                },
              },
            ),
          ]),
        ]),
      ),
      one(
        program<World>('idle', 'walks', [
          step('walk', { quiet: true, lane: 'walker', shows: 'walk' }),
          step('wait', {}),
        ]),
      ),
    ],
    initial: [() => {}],
  })
  const steps = (...names: string[]): Trace => ({
    initial: 0,
    steps: names.map((name) => {
      const [thread, path] = name.split(': ')
      return { thread, step: path }
    }),
  })
  const property = (holds: (w: World, at: Counters) => boolean): Property<World> => ({
    id: 'p',
    kind: 'invariant',
    title: 'P.',
    holds,
  })

  it('the last step of a thread is shown, and explained if the property depends on its place', () => {
    const entered = property((w, at) => !(w.lost && at.vcpu[0] === 'RUN.2'))
    expect(drawn({ system, property: entered }, steps('vcpu: RUN.1', 'host: clear'))).toMatchInlineSnapshot(`
      "
      At the beginning:
        lost = 0

        CPU0 (vcpu)                         CPU1 (host)
        -----------                         -----------
        srcu_read_unlock(&kvm->srcu)                                        (A)
                                            clear the host PTE              (B)
                                              lost = 1
                                              <--- BUG: p

      vcpu is past (A). (B) violates p: P.
      "
    `)
  })

  it('a step without which the property holds is shown', () => {
    const twice = property((w) => !(w.lost && [2].includes(w.seen)))
    const text = drawn(
      { system, property: twice },
      steps('host: look again', 'host: look again', 'host: clear'),
    )
    expect(text.match(/seen\+\+/g)).toHaveLength(2)
  })

  it('a lane without rows is not drawn', () => {
    const lost = property((w) => !w.lost)
    const text = drawn({ system, property: lost }, steps('idle: walk', 'idle: wait', 'host: clear'))
    expect(text).toContain('CPU1 (idle)')
    expect(text).not.toContain('walker')
  })
})

describe('the command that reproduces a violation', () => {
  const lines = (design: string, property: string) => {
    const replayed = replayedOf(zapVersusEnter())
    return reproduce({
      ...replayed,
      design: { ...replayed.design, id: design },
      property: { ...replayed.property, id: property },
    })
  }

  it('has the scenario on a line by itself where the name of its file is long', () => {
    const replayed = replayedOf(zapVersusEnter())
    const scenario = { ...replayed.scenario, file: `${'s'.repeat(40)}.scenario.json` }
    const design = { ...replayed.design, id: 'd' }
    expect(reproduce({ ...replayed, scenario, design, property: { ...replayed.property, id: 'p' } })).toEqual(
      [
        'Reproduce: mmucheck check \\',
        `    --scenario ${'s'.repeat(40)}.scenario.json \\`,
        '    --design d --property p',
      ],
    )
  })

  it('takes as many shell lines as its names need', () => {
    expect(lines('d', 'p')).toEqual(['Reproduce: mmucheck check small --design d --property p'])
    expect(lines('d'.repeat(20), 'p'.repeat(20))).toEqual([
      'Reproduce: mmucheck check small \\',
      `    --design ${'d'.repeat(20)} --property ${'p'.repeat(20)}`,
    ])
    expect(lines('d'.repeat(40), 'p'.repeat(40))).toEqual([
      'Reproduce: mmucheck check small \\',
      `    --design ${'d'.repeat(40)} \\`,
      `    --property ${'p'.repeat(40)}`,
    ])
  })
})
