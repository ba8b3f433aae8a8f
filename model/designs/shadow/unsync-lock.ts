import { drop } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

const SCENARIOS = ['unsync-under-read-lock', 'unsync-siblings-under-read-lock']

const COUNTED_TWICE = ['unsync-children-are-counted', 'page-goes-unsync-once']

/** Marking pages unsync while mmu_lock is held for read needs a lock: what exactly must it protect? */
export const unsyncLockDesigns: readonly Design<Kvm>[] = [
  {
    id: 'unsync-without-spinlock',
    aliases: ['C3'],
    title: 'as shipped in v5.12: mark pages unsync under mmu_lock only, which TDP faults hold for read',
    status: 'bug',
    kernel: { commit: 'a2855afc7ee8', version: 'v5.12..v5.13', function: 'mmu_try_to_unsync_pages' },
    about:
      'Two vCPUs of L1 write to one nested table, or to two tables with the same parent. Both find the page in sync, mark it and count it; with two pages, the bit of one in unsync_child_bitmap can be lost, and a sync misses the page. Fixed by ce25681d59ff ("Protect marking SPs unsync when using TDP MMU with spinlock").',
    scenarios: SCENARIOS,
    patches: [drop('UN.2 lock'), drop('UN.2 recheck'), drop('UN.2 unlock')],
    expect: [
      ...violated('unsync-under-read-lock', ...COUNTED_TWICE),
      ...violated('unsync-siblings-under-read-lock', ...COUNTED_TWICE, 'unsync-page-can-be-found'),
    ],
  },
  {
    id: 'unsync-rechecked-without-spinlock',
    aliases: [],
    title: 'check sp->unsync twice, without the spinlock',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_try_to_unsync_pages' },
    about:
      'The second check only makes the window smaller, and does not help for two pages with the same parent.',
    scenarios: SCENARIOS,
    patches: [drop('UN.2 lock'), drop('UN.2 unlock')],
    expect: [
      ...violated('unsync-under-read-lock', ...COUNTED_TWICE),
      ...violated('unsync-siblings-under-read-lock', ...COUNTED_TWICE, 'unsync-page-can-be-found'),
    ],
  },
  {
    id: 'unsync-not-rechecked',
    aliases: [],
    title: 'take the spinlock without checking sp->unsync again',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_try_to_unsync_pages' },
    about:
      'The vCPU that waited marks the page a second time. __test_and_set_bit() under the spinlock finds the bit in the parent already set, so nothing is counted twice.',
    scenarios: SCENARIOS,
    patches: [drop('UN.2 recheck')],
    expect: SCENARIOS.flatMap((scenario) => violated(scenario, 'page-goes-unsync-once')),
  },
]
