import { drop, only, replace } from '../../language/patch.ts'
import { block, type Step, step } from '../../language/program.ts'
import { REENTER } from '../../machines/hand-over.ts'
import { swapRoots } from '../../machines/roots/new-pgd.ts'
import { setRootRole } from '../../machines/roots/root-role.ts'
import { CR4, initMmu, type RoleRule } from '../../machines/vcpu/set-cr4.ts'
import { table_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { all_pages, is_obsolete_sp } from '../../memory/shadow/shadow-page.ts'
import type { Design } from '../design.ts'
import { vacuous, violated, violatedBecause } from '../expectation.ts'

/**
 * Question seed-004: is the role that is stored with a cached root computed like the role that is looked up, and
 * does it contain exactly the bits that matter? K0 to K5 are the variants in docs/kvm/history.md. Upstream is K5:
 * the gPTE size of direct pages is canonical, and CR4.PAE is in the role of the context.
 */

const CACHE = ['role-cache', 'role-cache-shadow-paging']
const kvm_calc_mmu_role_common = 'kvm_calc_mmu_role_common'

/** The gPTE size in the role of each kind of page. */
const always = (pae: boolean): boolean => pae
const indirectOnly = (pae: boolean, direct: boolean): boolean => !direct && pae
const nowhere = (): boolean => false

/** Contexts are compared by the role of their pages only. */
const byPages = (page: RoleRule['page']): RoleRule => ({ page, context: nowhere })

const registersSet: Step<Kvm> = step(
  'CR4.2',
  { fn: '__set_sregs', since: 'history', shows: 'return, without kvm_mmu_reset_context()' },
  { to: REENTER },
)

export const roleKeyDesigns: readonly Design<Kvm>[] = [
  {
    id: 'context-always-set-up',
    aliases: ['K0'],
    title: 'v4.19: set up the context again on every change, with cr4_pae never set in direct roles',
    status: 'before',
    kernel: { version: '..v4.19', function: 'init_kvm_tdp_mmu' },
    about:
      'Before 7dcd57552008 KVM did not compare roles to skip setting up a context: no role could lack a bit, at the price of needless work.',
    scenarios: CACHE,
    patches: [
      replace('INIT.1', initMmu({ ...byPages(indirectOnly), always: true })),
      replace('GET.2 root', setRootRole(indirectOnly)),
    ],
    expect: [],
  },
  {
    id: 'pae-bit-cleared-when-stored',
    aliases: ['K1', 'A12'],
    title: 'as shipped in v4.20: look up direct roots with cr4_pae, which kvm_mmu_get_page() clears',
    status: 'bug',
    kernel: { commit: '7dcd57552008', version: 'v4.20..v5.0', function: kvm_calc_mmu_role_common },
    about:
      'The bug behind question seed-004: a direct root is stored without the bit that is looked up, so in PAE and long mode no cached direct root is ever found. Slow, but not unsafe.',
    scenarios: CACHE,
    patches: [replace('INIT.1', initMmu(byPages(always))), replace('GET.2 root', setRootRole(indirectOnly))],
    expect: violated('role-cache', 'cached-root-is-found'),
  },
  {
    id: 'pae-bit-never-in-direct-contexts',
    aliases: ['K2'],
    title: 'first patch of March 2019: set cr4_pae in the common helper for shadow paging only',
    status: 'rejected',
    kernel: { version: 'never merged', function: kvm_calc_mmu_role_common },
    about:
      'Makes the cache work again. But since 7dcd57552008 the bit also distinguishes contexts: without it a 32-bit guest that toggles CR4.PAE keeps a context of the other format.',
    scenarios: CACHE,
    patches: [
      replace('INIT.1', initMmu(byPages(indirectOnly))),
      replace('GET.2 root', setRootRole(indirectOnly)),
    ],
    expect: [
      violatedBecause(
        'role-cache',
        'context-fits-the-guest',
        'As pae-bit-canonical-for-direct (K4): CR4.PAE is not in the word that init_kvm_tdp_mmu() compares, and nowhere else either (mmu_role.ext has cr4_pae only since the follow-up, K5). Enter the guest, change CR4, and INIT.1 returns early.',
      ),
    ],
  },
  {
    id: 'pae-bit-kept-in-direct-pages',
    aliases: ['K3', 'seed-004-patch'],
    title: 'question seed-004: do not clear cr4_pae in kvm_mmu_get_page(), test for direct in its readers',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_get_page' },
    about:
      'The cache works, and contexts differ. But a direct page now exists once with the bit and once without it, although its contents do not depend on it. (The two tests that the patch adds are dead code: those helpers see indirect pages only.)',
    scenarios: CACHE,
    patches: [replace('INIT.1', initMmu(byPages(always)))],
    expect: violated('role-cache', 'one-page-per-key'),
  },
  {
    id: 'pae-bit-canonical-for-direct',
    aliases: ['K4'],
    title: 'as shipped in v5.1: rename cr4_pae to gpte_is_8_bytes, with one value for all direct pages',
    status: 'bug',
    kernel: { commit: '47c42e6b4192', version: 'v5.1', function: 'kvm_calc_tdp_mmu_root_page_role' },
    about:
      'The role of pages is correct, but the role of contexts has lost CR4.PAE: the tables of a 32-bit guest that toggles PAE are walked in the wrong format. Fixed by putting cr4_pae into the extended role (K5, which is upstream).',
    scenarios: CACHE,
    patches: [replace('INIT.1', initMmu(byPages(indirectOnly)))],
    expect: violated('role-cache', 'context-fits-the-guest'),
  },
  {
    id: 'gpte-size-in-no-key',
    aliases: [],
    title: 'put the gPTE size into the role of the context, but not into that of its pages',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_find_shadow_page' },
    about:
      'A bit that the contents of a page depend on must be in its role. With shadow paging a page built for one format is found for the other.',
    scenarios: CACHE,
    patches: [replace('INIT.1', initMmu({ page: nowhere, context: always }))],
    expect: violated('role-cache-shadow-paging', 'context-fits-the-guest'),
  },
  {
    id: 'root-stored-with-the-other-pgd',
    aliases: ['B29'],
    title: 'as shipped in v4.20: cache a root with the page directory of the context that is entered',
    status: 'bug',
    kernel: { commit: '14c07ad89f4d', version: 'v4.20..v5.0', function: 'cached_root_available' },
    about:
      'The CR3 of the outgoing root was read at the switch, through an arch.mmu that already pointed to the other MMU. Fixed by ad7dc69aeb23 ("fix switch between root and guest MMUs"), which records the CR3 when the root is loaded. The current root itself was not checked for a hit at the time.',
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
    title: 'service KVM_REQ_MMU_FREE_OBSOLETE_ROOTS for the MMU in use only',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_free_obsolete_roots' },
    about:
      'The obsolete root of the other MMU stays cached, and the next switch of MMUs uses it: the bug of v5.18 (prev-roots-tested-by-current) with the other MMU in place of the previous root.',
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
    title: 'look up a shadow page by its gfn alone',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_find_shadow_page' },
    about:
      'A table that points to itself is shadowed at two levels. If the level is ignored, a page is linked below itself.',
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
        'The root is also found for the level below, so there is at most one valid page.',
        'recursive-table',
        'one-page-per-key',
      ),
    ],
  },
  {
    id: 'context-kept-when-registers-are-set',
    aliases: ['d6174299365d'],
    title: 'keep the MMU context when userspace sets the registers that select the paging mode',
    status: 'bug',
    kernel: { commit: 'd6174299365d', version: 'fixed by the commit', function: '__set_sregs' },
    about:
      'A write of CR4 that does not come from the guest has to go through kvm_mmu_reset_context() as well: otherwise KVM keeps walking the tables of the guest in the format of the old mode. Here the exit for CR4 stands for the ioctl.',
    scenarios: ['role-cache'],
    patches: [replace(CR4, block(CR4, [registersSet]))],
    expect: [
      ...violated('role-cache', 'context-fits-the-guest'),
      ...vacuous('Nothing unloads the roots.', 'role-cache', 'kvm-mmu-unload-leaves-no-root'),
    ],
  },
  {
    id: 'unload-keeps-the-other-mmu',
    aliases: [],
    title: 'drop the roots of the current MMU only when the guest changes its mode',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_unload' },
    about:
      'kvm_mmu_unload() frees the roots of root_mmu and of guest_mmu. Roots that are left are those of a mode that is over.',
    scenarios: ['role-cache'],
    patches: [replace('CR4.1', dropCurrentOnly())],
    expect: violated('role-cache', 'kvm-mmu-unload-leaves-no-root'),
  },
]

function dropCurrentOnly(): Step<Kvm> {
  return step(
    'CR4.1',
    { fn: 'kvm_mmu_unload', shows: 'drop all roots of the current MMU' },
    {
      does: (kvm, v) => {
        const { prev_roots, roots_to_free } = kvm.vcpu[v]
        for (let slot = 0; slot <= prev_roots.length; slot++) roots_to_free.add(slot)
      },
    },
  )
}

/** GET.3 for a child, by gfn only. */
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
