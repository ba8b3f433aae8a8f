import { expect, it } from 'vitest'
import { lostUpdate, replayedOf, spinner, zapVersusEnter } from './testing/small-systems.ts'
import { whyText } from './why.ts'

it('says what the failure consists of, where it could be avoided, and what each step is for', () => {
  expect(`\n${whyText(replayedOf(zapVersusEnter()))}`).toMatchInlineSnapshot(`
    "
    VIOLATED  no-stale-root-used
    scenario  small: a small system
    design    upstream: the kernel as it is
    trace     ce-eae71c3d, 6 steps, 3 context switches

    It fails for root_page[0]; with one other value it would not:
      root_page[0].invalid = 1, not 0
      requests = {}, not {MMU_FREE_OBSOLETE_ROOTS}
      root_hpa = root 0, not none
      mode = IN_GUEST, not OUTSIDE

    Point of no return: step 4, vcpu RUN.2 in kvm_mmu_free_obsolete_roots()
      (is_obsolete_root(root_hpa)). Before it, zap ZAP.3 in
      kvm_mmu_zap_all_fast() (ZAP.3) could have avoided the failure; after it,
      nothing could.

    Why each step is needed:
      1. zap   write_lock(mmu_lock)
                 - the thread gets past it; what it changes does not matter
      2. zap   kvm_make_all_cpus_request(MMU_FREE_OBSOLETE_ROOTS)
                 - without it, step 4 (vcpu RUN.2) is not possible
      3. vcpu  kvm_check_request() = true
                 - without it, the property holds at the end
      4. vcpu  is_obsolete_root(root_hpa)
                 - the thread gets past it; it changes nothing
      5. zap   ZAP.3
                 - without it, the property holds at the end
      6. vcpu  vcpu->mode = IN_GUEST_MODE
                 <--- the failure
    "
  `)
})

it('tells a step that decides from one that another step needs', () => {
  const text = whyText(replayedOf(lostUpdate(2)))
  expect(text).toMatchInlineSnapshot(`
    "VIOLATED  no-update-lost
    scenario  small: a small system
    design    upstream: the kernel as it is
    trace     ce-01c73d18, 4 steps, 3 context switches

    It fails; with one other value it would not:
      counter = 1, not 2

    Point of no return: step 2, inc1 load in account_shadowed() (reg = counter
      (0)). Before it, inc0 store in account_shadowed() (counter = reg + 1)
      could have avoided the failure; after it, nothing could.

    Why each step is needed:
      1. inc0  reg = counter (0)
                 - the thread gets past it; it changes nothing
      2. inc1  reg = counter (0)
                 - the thread gets past it; it changes nothing
      3. inc0  counter = reg + 1
                 - the thread gets past it; what it changes does not matter
      4. inc1  counter = reg + 1
                 <--- the failure
    "
  `)
})

it('leaves open what only a search could tell', () => {
  expect(whyText(replayedOf(spinner()))).toContain('- only a search could tell')
})
