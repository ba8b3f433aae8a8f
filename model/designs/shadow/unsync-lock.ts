import { drop } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

const SCENARIOS = ['unsync-under-read-lock', 'unsync-siblings-under-read-lock']

const COUNTED_TWICE = ['unsync-children-are-counted', 'page-goes-unsync-once']

/** Marking pages unsync is not thread safe: what must be around it when mmu_lock is held for read? */
export const unsyncLockDesigns: readonly Design<Kvm>[] = [
  {
    id: 'unsync-without-spinlock',
    aliases: ['C3'],
    title: 'v5.12, v5.13: pages are marked unsync under mmu_lock only, which TDP faults hold for read',
    status: 'bug',
    kernel: { commit: 'a2855afc7ee8', version: 'v5.12..v5.13', function: 'mmu_try_to_unsync_pages' },
    about:
      'Two vCPUs of L1 write to a nested table, or to two below one parent. Both find the page not unsync, mark it, and count it; where the pages are two, the bit of one can be lost, and with it the page. Fixed by ce25681d59ff ("Protect marking SPs unsync when using TDP MMU with spinlock").',
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
    title: 'the flag is looked at twice, without the spinlock',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_try_to_unsync_pages' },
    about: 'A second look only makes the window smaller; for two pages below one parent it says nothing.',
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
    title: 'the spinlock is taken, and sp->unsync is not read again',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_try_to_unsync_pages' },
    about:
      'The vCPU that waited marks the page a second time. __test_and_set_bit() under the spinlock finds the bit in the parent set, so that nothing is counted twice.',
    scenarios: SCENARIOS,
    patches: [drop('UN.2 recheck')],
    expect: SCENARIOS.flatMap((scenario) => violated(scenario, 'page-goes-unsync-once')),
  },
]
