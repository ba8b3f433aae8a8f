import { drop, move, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { guest_levels, index_at } from '../../memory/primitives/guest-memory.ts'
import { drop_spte } from '../../memory/shadow/rmap.ts'
import { alloc_shadow_page, clear_spte, free_page_of_pool } from '../../memory/shadow/shadow-page.ts'
import type { Design } from '../design.ts'
import { vacuous, violated } from '../expectation.ts'

/** Zapping and freeing shadow pages while hardware or a lockless walk reads them. */
export const zappingDesigns: readonly Design<Kvm>[] = [
  {
    id: 'freed-before-flush',
    aliases: ['B12'],
    title: 'free zapped pages before flushing TLBs and waiting for the vCPUs',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_commit_zap_page' },
    about:
      'Hardware that has read the non-leaf SPTE is about to read the page, and so is a lockless walk. The flush waits for both.',
    scenarios: ['commit-before-flush'],
    patches: [move('CM.3', { before: 'CM.2' })],
    expect: [...violated('commit-before-flush', 'no-use-after-free', 'no-walk-of-a-freed-page')],
  },
  {
    id: 'freed-without-waiting',
    aliases: [],
    title: 'do not wait for the IPIs of the flush before freeing pages',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_commit_zap_page' },
    about:
      'KVM_REQ_TLB_FLUSH without KVM_REQUEST_WAIT: a walk that has started before the IPI arrives reads a freed page.',
    scenarios: ['commit-before-flush'],
    patches: [drop('CM.2/REQ.5')],
    expect: [
      ...violated('commit-before-flush', 'no-use-after-free', 'no-walk-of-a-freed-page'),
      ...violated('commit-before-flush', 'no-flush-debt-at-unlock'),
    ],
  },
  {
    id: 'walk-without-announcing',
    aliases: [],
    title: 'do not set READING_SHADOW_PAGE_TABLES in a lockless walk',
    status: 'control',
    kernel: { version: 'never merged', function: 'walk_shadow_page_lockless_begin' },
    about: 'The thread that frees pages sees the vCPU outside guest mode and does not interrupt it.',
    scenarios: ['commit-before-flush'],
    patches: [drop('LW.2')],
    expect: [...violated('commit-before-flush', 'no-use-after-free', 'no-walk-of-a-freed-page')],
  },
  {
    id: 'parents-not-unlinked',
    aliases: [],
    title: 'do not clear the non-leaf SPTEs that point to a zapped page',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_unlink_parents' },
    about: 'Without ZAP.3 the flush does not help: hardware walks to the page again.',
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
        'freed-page-is-unreferenced',
      ),
    ],
  },
  {
    id: 'link-not-remembered',
    aliases: [],
    title: 'install a non-leaf SPTE without adding it to parent_ptes of its child',
    status: 'control',
    kernel: { version: 'never merged', function: 'link_shadow_page' },
    about: 'Zapping the child does not find the non-leaf SPTE.',
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
    title: 'do not decrement indirect_shadow_pages and gfn_write_track[] for a zapped page',
    status: 'control',
    kernel: { version: 'never merged', function: 'unaccount_shadowed' },
    about:
      'Without ZAP.4 the gfn stays write-protected forever, and indirect_shadow_pages never drops to 0 again.',
    scenarios: ['commit-before-flush'],
    patches: [drop('ZAP.4')],
    expect: violated('commit-before-flush', 'shadowed-tables-are-counted', 'freed-page-is-unreferenced'),
  },
  {
    id: 'child-keeps-zapped-parents',
    aliases: [],
    title: 'clear the non-leaf SPTEs of a zapped page without taking them off parent_ptes of their children',
    status: 'control',
    kernel: { version: 'never merged', function: 'drop_parent_pte' },
    about:
      'The child is linked below the next root too. Its parent_ptes still has the SPTE of the page that was freed: zapping the child, or marking its parents unsync, writes to that page.',
    scenarios: ['commit-before-flush'],
    patches: [replace('ZAP.2', clearOnly())],
    expect: violated(
      'commit-before-flush',
      'parent-links-match',
      'no-freed-spte-on-rmap',
      'freed-page-is-unreferenced',
    ),
  },
  {
    id: 'child-keeps-the-level',
    aliases: [],
    title: 'do not decrement the level in the role of a child page',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_child_role' },
    about:
      'kvm_mmu_child_role() copies the role of the parent and decrements the level; here the decrement is missing.',
    scenarios: ['recursive-pgd'],
    patches: [replace('FETCH/GET.6', buildWithParentsLevel())],
    expect: [
      ...violated(
        'recursive-pgd',
        'mmu-try-to-unsync-pages-finds-level-1',
        'tracked-table-is-not-writable',
        'child-is-one-level-below',
        'shadowed-tables-are-counted',
      ),
      ...vacuous('No level-1 shadow page is ever built.', 'recursive-pgd', 'writable-table-is-unsync'),
    ],
  },
]

function clearOnly() {
  const page = (kvm: Kvm, self: number): number => kvm.zapper[self].sp as number
  return step<Kvm>(
    'ZAP.2',
    {
      fn: 'kvm_mmu_page_unlink_children',
      shows: (kvm, self) => `clear the SPTEs of page ${page(kvm, self)} (parent_ptes as before)`,
    },
    {
      does: (kvm, self) => {
        const { spte } = kvm.page[page(kvm, self)]
        for (let index = 0; index < spte.length; index++) {
          if (spte[index].kind === 'leaf') drop_spte(kvm, { page: page(kvm, self), index })
          else clear_spte(spte[index])
        }
      },
    },
  )
}

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
