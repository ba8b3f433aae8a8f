import { describe, expect, it } from 'vitest'
import { program, step } from '../model/language/program.ts'
import type { Property } from '../model/language/property.ts'
import { ref, sort, struct } from '../model/language/shapes.ts'
import { compose, one } from '../model/language/system.ts'
import { nested } from './nested.ts'
import { RENDERERS } from './render.ts'
import {
  abba,
  lostUpdate,
  replayedOf,
  spinner,
  useAfterFree,
  zapVersusEnter,
} from './testing/small-systems.ts'

const seed = replayedOf(zapVersusEnter())

describe('the other forms', () => {
  it('steps', () => {
    expect(RENDERERS.steps(seed)).toMatchInlineSnapshot(`
      "VIOLATED  no-stale-root-used
      scenario  small: a small system
      design    upstream: the kernel as it is
      trace     ce-eae71c3d, 6 steps, 3 context switches

      1. zap   ZAP.1 in kvm_mmu_zap_all_fast()
               write_lock(mmu_lock)
                 mmu_lock: free -> zap
      2. zap   ZAP.2 in kvm_mmu_zap_all_fast()
               kvm_make_all_cpus_request(MMU_FREE_OBSOLETE_ROOTS)
                 requests: {} -> {MMU_FREE_OBSOLETE_ROOTS}
      3. vcpu  RUN.1 in vcpu_enter_guest()
               kvm_check_request() = true
                 requests: {MMU_FREE_OBSOLETE_ROOTS} -> {}
                     ({MMU_FREE_OBSOLETE_ROOTS} since step 2, zap)
      4. vcpu  RUN.2 in kvm_mmu_free_obsolete_roots()
               is_obsolete_root(root_hpa)
      5. zap   ZAP.3 in kvm_mmu_zap_all_fast()
                 root_page[0].invalid: 0 -> 1
      6. vcpu  RUN.3 in vcpu_enter_guest()
               vcpu->mode = IN_GUEST_MODE
                 mode: OUTSIDE -> IN_GUEST
      <--- BUG: no-stale-root-used

      Reproduce: mmucheck check small \\
          --design upstream --property no-stale-root-used
      "
    `)
  })

  it('steps of a fault and of a loop', () => {
    expect(RENDERERS.steps(replayedOf(useAfterFree()))).toMatchInlineSnapshot(`
      "VIOLATED  no-use-after-free
      scenario  small: a small system
      design    upstream: the kernel as it is
      trace     ce-3edd435a, 3 steps, 2 context switches

      1. user     look up in kvm_mmu_get_page()
                  for_each_valid_sp(): found
                    found: 0 -> 1
      2. reclaim  free in kvm_mmu_free_shadow_page()
                    freed: 0 -> 1
      3. user     use in kvm_mmu_get_page()
                  link_shadow_page()
      <--- BUG: no-use-after-free (page 0 is linked after it was freed)

      Reproduce: mmucheck check small \\
          --design upstream --property no-use-after-free
      "
    `)
    expect(RENDERERS.steps(replayedOf(spinner()))).toMatchInlineSnapshot(`
      "VIOLATED  fault-finishes
      scenario  small: a small system
      design    upstream: the kernel as it is
      trace     ce-b8c6fae0, 3 steps, 1 context switch

      1. zap   bump in kvm_mmu_zap_all_fast()
               mmu_valid_gen++
                 stale: 0 -> 1
      --- the steps below repeat forever
      2. vcpu  fault in kvm_mmu_page_fault()
               walk_addr()
      3. vcpu  retry in kvm_mmu_page_fault()
               is_page_fault_stale() = true
      <--- BUG: fault-finishes

      Reproduce: mmucheck check small --design upstream --property fault-finishes
      "
    `)
  })

  it('states', () => {
    expect(RENDERERS.states(replayedOf(useAfterFree()))).toMatchInlineSnapshot(`
      "VIOLATED  no-use-after-free
      scenario  small: a small system
      design    upstream: the kernel as it is
      trace     ce-3edd435a, 3 steps, 2 context switches

      State 0, at the beginning:
        freed = 0
        found = 0
        used = 0
        at
          reclaim[0] = free
          user[0] = look up

      State 1, after user look up:
        found: 0 -> 1
        at.user[0]: look up -> use

      State 2, after reclaim free:
        freed: 0 -> 1
        at.reclaim[0]: free -> done

      Oops in step 3: page 0 is linked after it was freed
      "
    `)
  })

  it('commit message', () => {
    expect(RENDERERS.commit(replayedOf(lostUpdate(2)))).toMatchInlineSnapshot(`
      "At the beginning:
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

      Reproduce: mmucheck check small --design upstream --property no-update-lost
      "
    `)
  })

  it('a commit message names the kernel function, the commit and the version of the design', () => {
    const replayed = replayedOf(lostUpdate(2))
    const kernel = { function: 'account_shadowed', commit: '0123456789ab', version: 'v6.9' }
    const design = { ...replayed.design, kernel }
    const line = 'Kernel: account_shadowed(), commit 0123456789ab, v6.9'
    for (const form of ['commit', 'mail', 'rst'] as const)
      expect(RENDERERS[form]({ ...replayed, design }).split('\n')).toContain(line)
    expect(RENDERERS.comment({ ...replayed, design })).toContain(` * ${line}\n`)
  })

  it('reStructuredText', () => {
    expect(RENDERERS.rst(replayedOf(lostUpdate(2)))).toMatchInlineSnapshot(`
      "::

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

      ::

        Reproduce: mmucheck check small --design upstream --property no-update-lost
      "
    `)
  })

  it('fields of one object stand below its name, with the step that wrote them last', () => {
    const change = (path: string): { path: string; text: string } => ({ path, text: ': 0 -> 1' })
    const paths = ['vcpu[0].mode', 'vcpu[0].req.todo', 'vcpu[0].req.now', 'mmu_lock', 'page[1].spte[0].w']
    expect(nested(paths.map(change))).toEqual([
      'vcpu[0]',
      '  mode: 0 -> 1',
      '  req',
      '    todo: 0 -> 1',
      '    now: 0 -> 1',
      'mmu_lock: 0 -> 1',
      'page[1].spte[0].w: 0 -> 1',
    ])
  })

  it('comment in C', () => {
    expect(RENDERERS.comment(replayedOf(abba()))).toMatchInlineSnapshot(`
      "/*
       * At the beginning:
       *   a = free                            b = free
       *
       *   CPU0 (first)                        CPU1 (second)
       *   ------------                        -------------
       *   first(): mutex_lock(a)                                              (A)
       *                                       second(): mutex_lock(b)         (B)
       *                                         <--- BUG: no-deadlock
       *
       * a = first since (A). first is blocked at mutex_lock(b) (b = second) and
       * second is blocked at mutex_lock(a) (a = first). This violates no-deadlock:
       * Every terminal state is a valid end state of every thread.
       */
      "
    `)
  })

  it('mail', () => {
    const assumptions = ['A1: memory is sequentially consistent', 'A3: a TLB entry lives until it is flushed']
    expect(RENDERERS.mail({ ...replayedOf(lostUpdate(2)), assumptions })).toMatchInlineSnapshot(`
      "VIOLATED  no-update-lost
      scenario  small: a small system
      design    upstream: the kernel as it is
      trace     ce-01c73d18, 4 steps, 3 context switches

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

      Changed since the beginning  before  now
        counter                    0       1

      Bounds and assumptions:
        - bounds: threads 2.
        - A1: memory is sequentially consistent.
        - A3: a TLB entry lives until it is flushed.
        - model fedcba9876543210, mmucheck 0.2.0.
        - the counterexample file names another model, 0123456789abcdef.
        - the trace was replayed step by step by the reference semantics before
          it was printed.

      Reproduce: mmucheck check small --design upstream --property no-update-lost
      "
    `)
  })

  it('Mermaid', () => {
    expect(RENDERERS.mermaid(seed)).toMatchInlineSnapshot(`
      "sequenceDiagram
        participant L0 as CPU0 (zap)
        participant L1 as CPU1 (vcpu)
        L0->>L0: write_lock(mmu_lock)
        L0->>L0: kvm_make_all_cpus_request(MMU_FREE_OBSOLETE_ROOTS) (A)
        L0-->>L1: requests = {MMU_FREE_OBSOLETE_ROOTS}
        L1->>L1: kvm_check_request() = true (B)
        L1->>L1: is_obsolete_root(root_hpa) (C)
        L0--xL1: root_page[0].invalid = 1 (D)
        L1->>L1: vcpu-#62;mode = IN_GUEST_MODE (E)
        Note over L1: BUG: no-stale-root-used
      "
    `)
    expect(RENDERERS.mermaid(replayedOf(spinner()))).toMatchInlineSnapshot(`
      "sequenceDiagram
        participant L0 as CPU0 (vcpu)
        participant L1 as CPU1 (zap)
        L1->>L1: mmu_valid_gen++
        loop repeats forever
        L0->>L0: walk_addr()
        L1-->>L0: stale = 1
        L0->>L0: is_page_fault_stale() = true (A)
        end
        Note over L0: BUG: fault-finishes
      "
    `)
  })

  it('ITF', () => {
    const { states, ...head } = JSON.parse(RENDERERS.itf(seed))
    expect(head).toEqual({
      '#meta': {
        format: 'ITF',
        'format-description': 'https://apalache-mc.org/docs/adr/015adr-trace.html',
        source: 'mmucheck 0.2.0',
        description: `${seed.counterexample.id}: no-stale-root-used in small with upstream`,
        status: 'violation',
      },
      vars: ['mmu_lock', 'root_page', 'requests', 'root_hpa', 'mode', 'at'],
    })
    expect(states).toHaveLength(7)
    expect(states[0]).toEqual({
      '#meta': { index: 0 },
      mmu_lock: 'free',
      root_page: [{ invalid: false }, { invalid: false }],
      requests: { '#set': [] },
      root_hpa: { tag: 'Some', value: { '#bigint': '0' } },
      mode: 'OUTSIDE',
      at: { zap: ['ZAP.1'], vcpu: ['RUN.1'] },
    })
    expect(states[2]['#meta']).toEqual({ index: 2, action: 'zap ZAP.2' })
    expect(states[2].requests).toEqual({ '#set': ['MMU_FREE_OBSOLETE_ROOTS'] })
    expect(JSON.parse(RENDERERS.itf(replayedOf(spinner()))).loop).toBe(1)
  })

  it('ITF of a missing id', () => {
    const page = sort('page', 2)
    const system = compose({
      name: 'empty',
      world: struct({ root: ref(page) }),
      threads: [one(program('idle', 'rests', [step('rest', {})]))],
      initial: [() => {}],
    })
    const property: Property<never> = { id: 'no-root', kind: 'witness', title: '', seen: () => true }
    const [state] = JSON.parse(RENDERERS.itf(replayedOf({ system, property }))).states
    expect(state.root).toEqual({ tag: 'None', value: { '#tup': [] } })
  })
})

describe('every form', () => {
  const all = [
    seed,
    ...[lostUpdate(2), lostUpdate(3), lostUpdate(5), useAfterFree(), abba(), spinner()].map((s) =>
      replayedOf(s),
    ),
  ]
  const texts = (['diagram', 'steps', 'states', 'commit', 'comment', 'mail', 'why'] as const).map(
    (name) => [name] as const,
  )

  it.each(texts)(
    '%s is plain ASCII, fits 75 columns, has no trailing blanks, and ends with one line break',
    (name) => {
      for (const replayed of all) {
        const text = RENDERERS[name](replayed)
        expect(text).toMatch(/^[\n -~]*[^\n]\n$/)
        for (const line of text.split('\n')) {
          expect(line.length).toBeLessThanOrEqual(name === 'comment' ? 78 : 75)
          expect(line).not.toMatch(/ $/)
        }
      }
    },
  )

  it('is a pure function', () => {
    for (const render of Object.values(RENDERERS))
      for (const replayed of all) expect(render(replayed)).toBe(render(replayed))
  })
})
