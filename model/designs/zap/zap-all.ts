import { drop, insert, move, only } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { table_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { all_pages } from '../../memory/shadow/shadow-page.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'
import { zapEverything } from './fast-invalidate-patches.ts'

/**
 * What kvm_zap_obsolete_pages() relies on when it drops mmu_lock on its way: the generation, the order of
 * the list, the hash that skips zapped pages, the stale check (shadow-mmu.md 8.3, 10.5).
 */

const TERMINATION = 'zap-termination'
const BREAKS = 'zap-all-breaks'
const DELETE = 'slot-delete'
const ROOTS = 'roots-zap-all'

export const zapAllDesigns: readonly Design<Kvm>[] = [
  {
    id: 'zap-everything-with-breaks',
    aliases: ['D0-breaks'],
    title: 'as zap-everything-slowly, but mmu_lock is dropped now and then',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_zap_all' },
    about:
      'The obvious way out of the long section, and why the generation is needed: vCPUs build pages as fast as they are zapped, and no page says that it is new.',
    scenarios: [TERMINATION],
    patches: zapEverything(true),
    expect: violated(TERMINATION, 'zap-all-terminates'),
  },
  {
    id: 'new-pages-at-the-tail',
    aliases: ['B10'],
    title: 'new shadow pages are added at the tail of active_mmu_pages',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_alloc_shadow_page' },
    about:
      'The walk from the tail stops at the first page that is not obsolete, so pages that are built while mmu_lock was dropped hide the obsolete ones behind them.',
    scenarios: [BREAKS],
    patches: [
      insert(
        { after: 'GET.6' },
        step(
          'GET.6 tail',
          {
            fn: 'kvm_mmu_alloc_shadow_page',
            since: 'never',
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
    title: 'before v5.16: the fault path does not test whether its root is obsolete',
    status: 'before',
    kernel: { commit: 'a955cad84cda', version: '..v5.15', function: 'is_page_fault_stale' },
    about:
      'A fault that took its exit before the zap maps its page below the old root. While a child took its role from the vCPU (until v5.19) that was wasted work; since it is copied from the parent (v6.0), the child of a zapped root is born invalid: on the list of active pages, never found, never unaccounted.',
    scenarios: [BREAKS],
    patches: [drop('PF.12')],
    expect: violated(
      BREAKS,
      'no-leaf-below-an-obsolete-root',
      'page-on-one-list',
      'no-link-to-a-dead-page',
      'no-obsolete-page-after-the-zap',
    ),
  },
  {
    id: 'obsolete-pages-freed-without-flush',
    aliases: ['N4'],
    title: 'obsolete pages are freed without a TLB flush',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_zap_obsolete_pages' },
    about:
      'Every vCPU was told to leave the old roots and has left them, and a vCPU that loads a root flushes its own TLB. The flush of the commit is there for walkers without lock, which these scenarios do not have.',
    scenarios: [DELETE, ROOTS],
    patches: [only('memslot', drop('ZF.6/CM.2'))],
    expect: [],
  },
  {
    id: 'reload-request-not-waited-for',
    aliases: ['N4-ack'],
    title: 'kvm_mmu_zap_all_fast() does not wait until vCPUs have left the guest',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_zap_all_fast' },
    about:
      'The walk zaps without flushing because nobody is on the old roots. A vCPU that has not taken its interrupt yet still is, and a notifier finds an empty rmap.',
    scenarios: [DELETE],
    patches: [only('memslot', drop('ZF.4/request/REQ.5'))],
    expect: violated(DELETE, 'no-mapping-of-a-lost-page', 'no-flush-debt-at-unlock'),
  },
  {
    id: 'root-loaded-without-flush',
    aliases: ['N4-flush'],
    title: 'as obsolete-pages-freed-without-flush, and a vCPU that loads a root does not flush its TLB',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_load' },
    about:
      'The second mutant of control N4: the flush on loading a root was the only one left. What the TLB found below the old roots outlives them, and is used again once one of their pages becomes a root.',
    scenarios: [ROOTS],
    patches: [only('memslot', drop('ZF.6/CM.2')), drop('LOAD.7')],
    expect: violated(ROOTS, 'no-tlb-entry-of-a-freed-root'),
  },
  {
    id: 'request-after-the-zap',
    aliases: ['B4', 'A8'],
    title: 'kvm_mmu_zap_all_fast() makes its request after mmu_lock was dropped',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_zap_all_fast' },
    about:
      'A hidden obligation of the merged design: generation and request belong into one section. Otherwise pages are zapped without a flush, and mmu_lock dropped, while vCPUs still run on them.',
    scenarios: [DELETE],
    patches: [only('memslot', move('ZF.4', { after: 'ZF.7' }))],
    expect: violated(DELETE, 'no-stale-root-used', 'no-mapping-of-a-lost-page', 'no-flush-debt-at-unlock'),
  },
  {
    id: 'zapped-pages-found-in-the-hash',
    aliases: ['B11', 'A7'],
    title: 'looking up a shadow page does not skip zapped and obsolete ones',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_find_shadow_page' },
    about:
      'Zapped pages stay in the hash until they are freed. A fault that takes one of them again links a page that is about to be freed.',
    scenarios: [BREAKS],
    patches: [
      insert(
        { before: 'GET.3' },
        step(
          'GET.3 any',
          {
            fn: 'kvm_mmu_find_shadow_page',
            since: 'never',
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
    expect: violated(
      BREAKS,
      'no-link-to-a-dead-page',
      'no-stale-root-used',
      'no-leaf-below-an-obsolete-root',
      'no-freed-root-in-use',
      'no-use-after-free',
      'every-access-can-finish',
    ),
  },
]

/** Frame and level of the page that a vCPU looks for: a root, or the child of the page in hand. */
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
