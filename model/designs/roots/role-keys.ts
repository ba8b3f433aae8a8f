import { drop, only, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { swapRoots } from '../../machines/roots/new-pgd.ts'
import { rootRole } from '../../machines/roots/root-role.ts'
import { initMmu, type RoleRule } from '../../machines/vcpu/set-cr4.ts'
import { table_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { all_pages, is_obsolete_sp } from '../../memory/shadow/shadow-page.ts'
import type { Design } from '../design.ts'
import { vacuous, violated, violatedBecause } from '../expectation.ts'

/**
 * Seed 004: is the key that is stored with a cached root computed as the key for looking it up, and does it
 * contain exactly the bits that matter? Variants and verdicts: shadow-mmu.md 12.4 (K0..K5). What upstream
 * does today is K5: the gPTE size of direct pages is canonical, CR4.PAE is in the role of the context.
 */

const CACHE = ['role-cache', 'role-cache-shadow-paging']
const kvm_calc_mmu_role_common = 'kvm_calc_mmu_role_common'

/** The gPTE size in the role of each kind of page. */
const always = (pae: boolean): boolean => pae
const indirectOnly = (pae: boolean, direct: boolean): boolean => !direct && pae
const nowhere = (): boolean => false

/** The context is compared by the role of its pages alone. */
const byPages = (page: RoleRule['page']): RoleRule => ({ page, context: nowhere })

export const roleKeyDesigns: readonly Design<Kvm>[] = [
  {
    id: 'context-always-set-up',
    aliases: ['K0'],
    title: 'v4.19: the context is set up anew on every change, direct roles never have cr4_pae',
    status: 'before',
    kernel: { version: '..v4.19', function: 'init_kvm_tdp_mmu' },
    about:
      'Before 7dcd57552008 nobody compared roles to find out whether a context must be set up: no key could be incomplete, at the price of the work.',
    scenarios: CACHE,
    patches: [
      replace('INIT.1', initMmu({ ...byPages(indirectOnly), always: true })),
      replace('GET.2 root', rootRole(indirectOnly)),
    ],
    expect: [],
  },
  {
    id: 'pae-bit-cleared-when-stored',
    aliases: ['K1', 'A12'],
    title: 'v4.20: the context asks for cr4_pae, kvm_mmu_get_page() clears it in direct pages',
    status: 'bug',
    kernel: { commit: '7dcd57552008', version: 'v4.20..v5.0', function: kvm_calc_mmu_role_common },
    about:
      'The bug behind seed 004: a direct root is stored without the bit that is looked for, so that in PAE and long mode no cached direct root is ever found. Slow, not wrong.',
    scenarios: CACHE,
    patches: [replace('INIT.1', initMmu(byPages(always))), replace('GET.2 root', rootRole(indirectOnly))],
    expect: violated('role-cache', 'cached-root-is-found'),
  },
  {
    id: 'pae-bit-never-in-direct-contexts',
    aliases: ['K2'],
    title: 'the first patch of March 2019: the common helper sets cr4_pae for shadow paging only',
    status: 'rejected',
    kernel: { version: 'never merged', function: kvm_calc_mmu_role_common },
    about:
      'Makes the cache work again. But since 7dcd57552008 the bit had a second use: comparing contexts. Without it a 32-bit guest that switches PAE keeps a context of the other format.',
    scenarios: CACHE,
    patches: [
      replace('INIT.1', initMmu(byPages(indirectOnly))),
      replace('GET.2 root', rootRole(indirectOnly)),
    ],
    expect: [
      violatedBecause(
        'role-cache',
        'context-fits-the-guest',
        'shadow-mmu.md 12.4 has K2 as safe and names this regression for K4 only. Both take CR4.PAE out of the one word that init_kvm_tdp_mmu() compares and put it nowhere else (mmu_role.ext has cr4_pae only since the follow-up, K5), so that K2 has it too: enter the guest, mov cr4, INIT.1 returns early.',
      ),
    ],
  },
  {
    id: 'pae-bit-kept-in-direct-pages',
    aliases: ['K3', 'seed-004-patch'],
    title: 'seed 004: kvm_mmu_get_page() does not clear cr4_pae, its readers test for direct',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_get_page' },
    about:
      'The cache works, and contexts differ. A direct page now exists once with the bit and once without, though its contents do not depend on it. (The two tests the patch adds are dead code: those helpers see indirect pages only.)',
    scenarios: CACHE,
    patches: [replace('INIT.1', initMmu(byPages(always)))],
    expect: violated('role-cache', 'one-page-per-key'),
  },
  {
    id: 'pae-bit-canonical-for-direct',
    aliases: ['K4'],
    title: 'v5.1 as merged: renamed to gpte_is_8_bytes, with one value for all direct pages',
    status: 'bug',
    kernel: { commit: '47c42e6b4192', version: 'v5.1', function: 'kvm_calc_tdp_mmu_root_page_role' },
    about:
      'The key of pages is right at last. The key of contexts has lost CR4.PAE: a 32-bit guest that switches PAE is walked in the wrong format. Fixed by putting cr4_pae into the extended role (K5, which is upstream).',
    scenarios: CACHE,
    patches: [replace('INIT.1', initMmu(byPages(indirectOnly)))],
    expect: violated('role-cache', 'context-fits-the-guest'),
  },
  {
    id: 'gpte-size-in-no-key',
    aliases: [],
    title: 'the gPTE size is in the role of the context, but not in that of its pages',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_find_shadow_page' },
    about:
      'The other half of the rule: a bit that the contents of a page depend on must be in its key. With shadow paging a page built for one format is found for the other.',
    scenarios: CACHE,
    patches: [replace('INIT.1', initMmu({ page: nowhere, context: always }))],
    expect: violated('role-cache-shadow-paging', 'context-fits-the-guest'),
  },
  {
    id: 'root-stored-with-the-other-pgd',
    aliases: ['B29'],
    title: 'v4.20: a root goes into the cache with the page directory of the context that is entered',
    status: 'bug',
    kernel: { commit: '14c07ad89f4d', version: 'v4.20..v5.0', function: 'cached_root_available' },
    about:
      'The CR3 of the root that leaves the current slot was read when it left, through an arch.mmu that already pointed at the other MMU. Fixed by ad7dc69aeb23 ("fix switch between root and guest MMUs"), which records it when the root is loaded. The current root itself was not tested then.',
    scenarios: ['role-cache'],
    patches: [
      drop('NP.2'),
      replace(
        'NP.3',
        swapRoots((kvm, v) => kvm.vcpu[v].cr3),
      ),
    ],
    expect: violated('role-cache', 'root-fits-the-context', 'cached-root-is-found'),
  },
  {
    id: 'requests-for-the-current-mmu-only',
    aliases: [],
    title: 'KVM_REQ_MMU_FREE_OBSOLETE_ROOTS looks at the roots of the MMU in use only',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_free_obsolete_roots' },
    about:
      'The root of the other MMU stays cached. Until the walk reaches it, it is not marked invalid, and the next switch finds it: the bug of v5.18 once more, with the other MMU in the place of the previous root.',
    scenarios: ['nested-zap-all'],
    patches: [only('vcpu', drop('OB.1 prev'))],
    expect: violated(
      'nested-zap-all',
      'no-stale-root-used',
      'no-guest-on-a-root-after-its-request',
      'no-obsolete-root-kept',
    ),
  },
  {
    id: 'level-missing-from-key',
    aliases: [],
    title: 'a shadow page is looked up by its frame alone',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_find_shadow_page' },
    about:
      'A table that points at itself is shadowed on two levels. Without the level in the key a page is linked below itself.',
    scenarios: ['recursive-table'],
    patches: [replace('FETCH/GET.3', findAnyLevel())],
    expect: [
      ...violated(
        'recursive-table',
        'child-is-one-level-below',
        'parent-links-match',
        'freed-page-is-unreferenced',
      ),
      ...vacuous(
        'The root is found for the level below as well, so that there is one valid page at most.',
        'recursive-table',
        'one-page-per-key',
      ),
    ],
  },
]

/** GET.3 for a child, by frame only. */
function findAnyLevel(): Step<Kvm> {
  const found = (kvm: Kvm, v: number): number | undefined =>
    all_pages(kvm).find((page) => {
      const { gfn, list } = kvm.page[page]
      return list !== 'free' && gfn === table_gfn(kvm, v, 1) && !is_obsolete_sp(kvm, page)
    })
  return step(
    'GET.3',
    {
      fn: 'kvm_mmu_find_shadow_page',
      shows: (kvm, v) => `gfn ${table_gfn(kvm, v, 1)}: ${found(kvm, v) ?? 'none'}`,
    },
    [
      {
        when: (kvm, v) => found(kvm, v) !== undefined,
        does: (kvm, v) => {
          kvm.vcpu[v].fault.child = found(kvm, v) as number
        },
        to: 'GET.end',
      },
      { to: 'GET.6' },
    ],
  )
}
