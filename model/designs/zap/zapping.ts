import { drop, move, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { guest_levels, index_at } from '../../memory/primitives/guest-memory.ts'
import { alloc_shadow_page, free_page_of_pool } from '../../memory/shadow/shadow-page.ts'
import type { Design } from '../design.ts'
import { vacuous, violated } from '../expectation.ts'

/** Zapping and freeing shadow pages while others walk them (shadow-mmu.md 8.1, 8.2; Appendix B: B12). */
export const zappingDesigns: readonly Design<Kvm>[] = [
  {
    id: 'freed-before-flush',
    aliases: ['B12'],
    title: 'zapped pages are freed before the TLBs are flushed and the vCPUs waited for',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_commit_zap_page' },
    about:
      'Hardware that has read the link to a page is about to read the page; a lock-free walk likewise. Both are what the flush waits for.',
    scenarios: ['commit-before-flush'],
    patches: [move('CM.3', { before: 'CM.2' })],
    expect: [...violated('commit-before-flush', 'no-use-after-free', 'no-walk-of-a-freed-page')],
  },
  {
    id: 'freed-without-waiting',
    aliases: [],
    title: 'the flush before pages are freed sends its interrupts and does not wait for them',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_commit_zap_page' },
    about: "KVM_REQ_TLB_FLUSH without KVM_REQUEST_WAIT (tdp-notifier-requests.md 1.6, row D2'').",
    scenarios: ['commit-before-flush'],
    patches: [drop('CM.2/REQ.5')],
    expect: [...violated('commit-before-flush', 'no-use-after-free', 'no-walk-of-a-freed-page')],
  },
  {
    id: 'walk-without-announcing',
    aliases: [],
    title: 'the lock-free walk does not set READING_SHADOW_PAGE_TABLES',
    status: 'control',
    kernel: { version: 'never merged', function: 'walk_shadow_page_lockless_begin' },
    about: 'Who frees pages finds the vCPU outside guest mode and does not interrupt it.',
    scenarios: ['commit-before-flush'],
    patches: [drop('LW.2')],
    expect: [...violated('commit-before-flush', 'no-use-after-free', 'no-walk-of-a-freed-page')],
  },
  {
    id: 'parents-not-unlinked',
    aliases: [],
    title: 'a zapped page stays linked into its parents',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_unlink_parents' },
    about: 'ZAP.3 left out: the flush is no help, hardware finds the page again.',
    scenarios: ['commit-before-flush'],
    patches: [drop('ZAP.3')],
    expect: [
      ...violated(
        'commit-before-flush',
        'no-use-after-free',
        'synced-page-agrees',
        'parent-links-match',
        'no-link-to-a-dead-page',
        'no-walk-of-a-freed-page',
      ),
    ],
  },
  {
    id: 'link-not-remembered',
    aliases: [],
    title: 'a link is stored without adding it to the list of parents of its page',
    status: 'control',
    kernel: { version: 'never merged', function: 'link_shadow_page' },
    about: 'Zapping the page does not find the link.',
    scenarios: ['commit-before-flush'],
    patches: [replace('FETCH.6', linkOnly())],
    expect: [
      ...violated(
        'commit-before-flush',
        'no-use-after-free',
        'synced-page-agrees',
        'parent-links-match',
        'no-link-to-a-dead-page',
        'no-walk-of-a-freed-page',
      ),
    ],
  },
  {
    id: 'zapped-page-stays-counted',
    aliases: [],
    title: 'indirect_shadow_pages and gfn_write_track[] keep counting a zapped page',
    status: 'control',
    kernel: { version: 'never merged', function: 'unaccount_shadowed' },
    about: 'ZAP.4 left out: the frame stays write-protected for good, and the hint never becomes zero again.',
    scenarios: ['commit-before-flush'],
    patches: [drop('ZAP.4')],
    expect: violated('commit-before-flush', 'shadowed-tables-are-counted'),
  },
  {
    id: 'child-keeps-the-level',
    aliases: [],
    title: 'a child page is built with the level of its parent in its role',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_child_role' },
    about:
      'The role of a child is that of its parent with the level lowered; here the lowering is forgotten.',
    scenarios: ['recursive-pgd'],
    patches: [replace('FETCH/GET.6', buildWithParentsLevel())],
    expect: [
      ...violated(
        'recursive-pgd',
        'tracked-table-is-not-writable',
        'child-is-one-level-below',
        'shadowed-tables-are-counted',
      ),
      ...vacuous(
        'No shadow page of the lowest level is ever built.',
        'recursive-pgd',
        'writable-table-is-unsync',
      ),
    ],
  },
]

function linkOnly() {
  return step<Kvm>(
    'FETCH.6',
    {
      fn: 'link_shadow_page',
      shows: (kvm, v) =>
        `page ${kvm.vcpu[v].fault.sp} -> page ${kvm.vcpu[v].fault.child} (parent_ptes as before)`,
    },
    {
      does: (kvm, v) => {
        const { gva, fault } = kvm.vcpu[v]
        const { spte } = kvm.page[fault.sp as number]
        const entry = spte[index_at(gva, guest_levels(kvm) + 1 - fault.level, spte.length)]
        entry.kind = 'non-leaf'
        entry.child = fault.child
      },
    },
  )
}

function buildWithParentsLevel() {
  const level = (kvm: Kvm, v: number): number => guest_levels(kvm) - kvm.vcpu[v].fault.level
  return step<Kvm>(
    'GET.6',
    { fn: 'kvm_mmu_child_role', shows: (kvm, v) => `new page with role.level = ${level(kvm, v) + 1}` },
    {
      when: (kvm) => free_page_of_pool(kvm) !== null,
      does: (kvm, v) => {
        const { fault } = kvm.vcpu[v]
        const page = free_page_of_pool(kvm) as number
        alloc_shadow_page(kvm, page, fault.gpte[level(kvm, v)].to as number, level(kvm, v) + 1)
        fault.child = page
      },
    },
  )
}
