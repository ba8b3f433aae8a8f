import { drop, insert, move, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { inheritInvalid } from '../../machines/fault/fetch.ts'
import { table_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { all_pages } from '../../memory/shadow/shadow-page.ts'
import type { Design } from '../design.ts'
import { violated, violatedBecause } from '../expectation.ts'
import { zapEverything } from './fast-invalidate-patches.ts'

/**
 * What kvm_zap_obsolete_pages() relies on when it drops mmu_lock between pages: the generation, the order of
 * the list, a hash lookup that skips zapped pages, and the stale check.
 */

const TERMINATION = 'zap-termination'
const BREAKS = 'zap-all-breaks'
const DELETE = 'slot-delete'
const ROOTS = 'roots-zap-all'

export const zapAllDesigns: readonly Design<Kvm>[] = [
  {
    id: 'zap-everything-with-breaks',
    aliases: ['D0-breaks'],
    title: 'as zap-everything-slowly, but drop mmu_lock now and then',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_zap_all' },
    about:
      'The obvious way to shorten the critical section, and why the generation is needed: vCPUs build pages as fast as they are zapped, and new pages cannot be distinguished from old ones.',
    scenarios: [TERMINATION],
    patches: zapEverything(true),
    expect: violated(TERMINATION, 'zap-all-terminates'),
  },
  {
    id: 'new-pages-at-the-tail',
    aliases: ['B10'],
    title: 'add new shadow pages at the tail of active_mmu_pages',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_alloc_shadow_page' },
    about:
      'The walk from the tail stops at the first page that is not obsolete, so pages that were built while mmu_lock was dropped hide the obsolete ones behind them.',
    scenarios: [BREAKS],
    patches: [
      insert(
        { after: 'GET.6' },
        step(
          'GET.6 tail',
          {
            fn: 'kvm_mmu_alloc_shadow_page',
            since: 'history',
            shows: 'list_add_tail(&sp->link, &active_mmu_pages)',
          },
          {
            does: (kvm, v) => {
              const page = kvm.vcpu[v].fault.child as number
              const others = [...kvm.active_mmu_pages].filter((other) => other !== null && other !== page)
              kvm.active_mmu_pages[0] = page
              others.forEach((other, at) => {
                kvm.active_mmu_pages[at + 1] = other
              })
            },
          },
        ),
      ),
    ],
    expect: violated(BREAKS, 'obsolete-pages-are-oldest', 'no-obsolete-page-after-the-zap'),
  },
  {
    id: 'fault-ignores-obsolete-roots',
    aliases: ['A1', 'B6'],
    title: 'before v5.16: no check for an obsolete root in the fault path',
    status: 'before',
    kernel: { commit: 'a955cad84cda', version: '..v5.15', function: 'is_page_fault_stale' },
    about:
      'A fault whose exit came before the zap maps its page below the old root. While the role of a child came from the vCPU (until v5.19) that was wasted work; since it is copied from the parent (v6.0), the child of a zapped root is created invalid: on active_mmu_pages, never found and never unaccounted. That is what is modelled here; since 2026 a child of an invalid parent is valid.',
    scenarios: [BREAKS],
    patches: [drop('PF.12'), replace('GET.2', inheritInvalid())],
    expect: [
      ...violated(
        BREAKS,
        'no-leaf-below-an-obsolete-root',
        'page-on-one-list',
        'no-link-to-a-dead-page',
        'no-obsolete-page-after-the-zap',
        'kvm-mmu-child-role-has-a-valid-parent',
        'kvm-zap-obsolete-pages-finds-no-invalid-page',
      ),
      violatedBecause(
        BREAKS,
        'shadowed-tables-are-counted',
        '__kvm_mmu_prepare_zap_page() unaccounts a table only if its page is not invalid yet: one that is born invalid is counted for good.',
      ),
      violatedBecause(
        BREAKS,
        'freed-page-is-unreferenced',
        'The count of shadowed tables is too high, as above, when the next page is freed.',
      ),
    ],
  },
  {
    id: 'obsolete-pages-freed-without-flush',
    aliases: ['N4'],
    title: 'free obsolete pages without a TLB flush',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_zap_obsolete_pages' },
    about:
      'Safe here: every vCPU was made to leave the old roots, and a vCPU that loads a root flushes its own TLB. The flush in kvm_mmu_commit_zap_page() is for lockless walks, which these scenarios do not have.',
    scenarios: [DELETE, ROOTS],
    patches: [only('memslot', drop('ZF.6/CM.2'))],
    expect: [],
  },
  {
    id: 'reload-request-not-waited-for',
    aliases: ['N4-ack'],
    title: 'do not wait in kvm_mmu_zap_all_fast() until vCPUs have left the guest',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_zap_all_fast' },
    about:
      'The walk zaps without flushing because no vCPU should be on the old roots. A vCPU that has not taken its interrupt yet still is, and a notifier finds an empty rmap and does not flush.',
    scenarios: [DELETE],
    patches: [only('memslot', drop('ZF.4/request/REQ.5'))],
    expect: [
      ...violated(DELETE, 'no-mapping-of-a-lost-page', 'no-flush-debt-at-unlock'),
      ...violated(DELETE, 'no-guest-on-a-root-after-its-request'),
    ],
  },
  {
    id: 'root-loaded-without-flush',
    aliases: ['N4-flush'],
    title: 'as obsolete-pages-freed-without-flush, and do not flush the TLB when a root is loaded',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_load' },
    about:
      'The flush on loading a root was the only one left. TLB entries cached below the old roots outlive them, and are used again if one of their pages is reused as a root.',
    scenarios: [ROOTS],
    patches: [only('memslot', drop('ZF.6/CM.2')), drop('LOAD.7')],
    expect: [
      ...violated(ROOTS, 'no-tlb-entry-of-a-freed-root'),
      ...violated(ROOTS, 'no-flush-debt-at-unlock'),
    ],
  },
  {
    id: 'request-after-the-zap',
    aliases: ['B4', 'A8'],
    title: 'send the request of kvm_mmu_zap_all_fast() after dropping mmu_lock',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_zap_all_fast' },
    about:
      'The new generation and the request must be in one critical section. Otherwise pages are zapped without a flush, and mmu_lock is dropped, while vCPUs still run on them.',
    scenarios: [DELETE],
    patches: [only('memslot', move('ZF.4', { after: 'ZF.7' }))],
    expect: violated(DELETE, 'no-stale-root-used', 'no-mapping-of-a-lost-page', 'no-flush-debt-at-unlock'),
  },
  {
    id: 'zapped-pages-found-in-the-hash',
    aliases: ['B11', 'A7'],
    title: 'do not skip zapped and obsolete pages in the hash lookup',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_find_shadow_page' },
    about:
      'Zapped pages stay in the hash until they are freed. A fault that finds one links a page that is about to be freed.',
    scenarios: [BREAKS],
    patches: [
      insert(
        { before: 'GET.3' },
        step(
          'GET.3 any',
          {
            fn: 'kvm_mmu_find_shadow_page',
            since: 'history',
            shows: (kvm, v) =>
              `gfn ${wantedPage(kvm, v).gfn}: page ${findAny(kvm, v) ?? 'none'}, whatever it is`,
          },
          [
            {
              when: (kvm, v) => findAny(kvm, v) !== null,
              does: (kvm, v) => {
                kvm.vcpu[v].fault.child = findAny(kvm, v)
              },
              to: 'GET.end',
            },
            {},
          ],
        ),
      ),
    ],
    expect: [
      ...violated(
        BREAKS,
        'no-link-to-a-dead-page',
        'no-stale-root-used',
        'no-leaf-below-an-obsolete-root',
        'no-freed-root-in-use',
        'no-use-after-free',
        'every-access-can-finish',
      ),
      ...violated(
        BREAKS,
        'freed-page-is-unreferenced',
        'no-flush-debt-at-unlock',
        'no-freed-spte-on-rmap',
        'no-guest-on-a-root-after-its-request',
        'no-obsolete-root-kept',
        'no-walk-of-a-freed-page',
        'parent-links-match',
        'rmap-holds-present-sptes',
        'root-count-is-number-of-holders',
      ),
    ],
  },
]

/** The gfn and level of the page that a vCPU looks up: a root, or the child of its current shadow page. */
function wantedPage(kvm: Kvm, v: number): { gfn: number; level: number } {
  const { cr3, fault } = kvm.vcpu[v]
  if (fault.sp === null) return { gfn: cr3, level: 2 }
  return { gfn: table_gfn(kvm, v, 1), level: 1 }
}

function findAny(kvm: Kvm, v: number): number | null {
  const { gfn, level } = wantedPage(kvm, v)
  return (
    all_pages(kvm).find((page) => {
      const sp = kvm.page[page]
      return sp.list !== 'free' && sp.gfn === gfn && sp.level === level
    }) ?? null
  )
}
