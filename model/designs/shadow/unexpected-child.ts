import { mmioSpteStoredFirst } from '../../kernels/fault/old-spte-dropped-before-mmio.ts'
import { testing as testingOf } from '../../kernels/shadow/linked-child-tested.ts'
import { drop } from '../../language/patch.ts'
import type { ChildTest } from '../../machines/fault/fetch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { HUGE_PAGE_REMAPPED } from '../../scenarios/shadow/unexpected-child.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/**
 * Guest tables that change without KVM noticing: what may a fault assume about a child that is already linked?
 * Direct pages compute the gfn of an SPTE when it is removed, so with a child of another gfn or role the SPTE is
 * added to one rmap and removed from another.
 */

const REMAPPED = ['huge-page-remapped', 'huge-page-remapped-notifier']
const SCENARIOS = [...REMAPPED, 'huge-page-to-table']

const testing = (tested: ChildTest) => testingOf(boundsOf(HUGE_PAGE_REMAPPED), tested)

const LEFT_ON_AN_RMAP = [
  'rmap-key-is-the-pages-own',
  'leaf-is-on-its-rmap',
  'rmap-holds-present-sptes',
  'no-freed-spte-on-rmap',
]

/** Assertions that the kernel makes of such an SPTE. */
const ASSERTED = ['pte-list-remove-finds-its-entry', 'kvm-mmu-page-set-translation-fits-a-direct-page']

export const unexpectedChildDesigns: readonly Design<Kvm>[] = [
  {
    id: 'linked-child-reused-untested',
    aliases: ['B22', 'C9'],
    title: '..v7.0: follow a present non-leaf SPTE without checking its child',
    status: 'bug',
    kernel: { version: 'v2.6.20..v7.0', function: 'kvm_mmu_get_child_sp' },
    about:
      'CVE-2026-46113. An SPTE of the second huge page is added to the rmap of its own gfn, but its shadow page computes another gfn when it is zapped, so the rmap entry stays. Fixed by 0cb2af2ea66a.',
    scenarios: SCENARIOS,
    patches: [testing({ gfn: false, role: false })],
    expect: [
      ...violated('huge-page-remapped', ...ASSERTED),
      ...violated('huge-page-remapped', ...LEFT_ON_AN_RMAP),
      ...violated('huge-page-remapped-notifier', ...LEFT_ON_AN_RMAP, 'no-use-after-free'),
      ...violated('huge-page-to-table', ...LEFT_ON_AN_RMAP, ...ASSERTED),
    ],
  },
  {
    id: 'linked-child-tested-for-gfn-only',
    aliases: ['B22-gfn', 'C10'],
    title: 'v7.1: check the gfn of a linked child, but not its role',
    status: 'bug',
    kernel: { commit: '0cb2af2ea66a', version: 'v7.1', function: 'kvm_mmu_get_child_sp' },
    about:
      'CVE-2026-53359. Enough for two huge pages; but a guest table in the first gfn of the huge page passes the check, and its entries are shadowed in a direct page. Fixed by 81ccda30b4e8.',
    scenarios: SCENARIOS,
    patches: [testing({ gfn: true, role: false })],
    expect: violated('huge-page-to-table', ...LEFT_ON_AN_RMAP, ...ASSERTED),
  },
  {
    id: 'linked-child-tested-for-role-only',
    aliases: ['B22-role'],
    title: 'check the role of a linked child, but not its gfn',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_get_child_sp' },
    about: 'The role alone does not distinguish two huge pages.',
    scenarios: ['huge-page-remapped', 'huge-page-to-table'],
    patches: [testing({ gfn: false, role: true })],
    expect: violated('huge-page-remapped', ...LEFT_ON_AN_RMAP, ...ASSERTED),
  },
  {
    id: 'replaced-child-not-flushed',
    aliases: [],
    title: 'link a page in the place of a wrong child without a flush',
    status: 'control',
    kernel: { version: 'never merged', function: '__link_shadow_page' },
    about:
      'The flush that belongs to the fix of CVE-2026-46113 and CVE-2026-53359: mmu_lock is dropped while TLBs still hold translations through the child that was replaced.',
    scenarios: ['huge-page-remapped', 'huge-page-to-table'],
    patches: [drop('FETCH.6 flush')],
    expect: [
      ...violated('huge-page-remapped', 'no-flush-debt-at-unlock'),
      ...violated('huge-page-to-table', 'no-flush-debt-at-unlock'),
    ],
  },
  {
    id: 'mmio-spte-over-a-present-one',
    aliases: ['B23', 'C11'],
    title: 'v5.13..v6.19: store an MMIO SPTE without checking for a present SPTE',
    status: 'bug',
    kernel: { commit: 'a54aa15c6bda', version: 'v5.13..v6.19', function: 'mmu_set_spte' },
    about:
      'CVE-2026-23401. The rmap entry of the overwritten SPTE stays and outlives the page. Fixed by aad885e77496 (v7.0), which drops the old SPTE first.',
    scenarios: ['mapped-to-mmio', 'slot-create-mmio-two-vcpus'],
    patches: mmioSpteStoredFirst,
    expect: [
      ...violated(
        'mapped-to-mmio',
        'rmap-holds-present-sptes',
        'no-freed-spte-on-rmap',
        'no-use-after-free',
        'mmu-spte-set-finds-no-present-spte',
      ),
      ...violated(
        'slot-create-mmio-two-vcpus',
        'rmap-holds-present-sptes',
        'no-flush-debt-at-unlock',
        'mmu-spte-set-finds-no-present-spte',
        'rmap-add-finds-no-entry',
      ),
    ],
  },
]
