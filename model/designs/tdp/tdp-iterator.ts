import { only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import { read_spte, tdp_iter_restart } from '../../memory/tdp/iter.ts'
import { thread_rcu_read_lock, thread_rcu_read_unlock } from '../../memory/tdp/rcu.ts'
import { MEMSLOT_THREAD } from '../../memory/tdp/threads.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { TDP_ZAP_ALL } from '../../scenarios/tdp/tdp-roots.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/** A walk over TDP SPTEs that drops mmu_lock: where does it continue, and does it get anywhere? */

const ZAP = TDP_ZAP_ALL.id
/** Its root maps gfns in both of its entries. */
const NOTIFIER = 'tdp-zap-all-notifier'
/** Of both scenarios: tables of two entries. */
const bounds = boundsOf(TDP_ZAP_ALL)

/** Whether the walk, started again at the root, steps down towards the entry at which it has yielded. */
function steps_down(kvm: Kvm): boolean {
  const { root, next_last_level_gfn, min_level } = kvm.memslot[0].tdp[0]
  const { level, spte } = kvm.page[root as number]
  return level > min_level && spte[index_at(next_last_level_gfn, level, spte.length)].kind === 'non-leaf'
}

function start_again(kvm: Kvm): void {
  const iter = kvm.memslot[0].tdp[0]
  thread_rcu_read_lock(kvm, MEMSLOT_THREAD)
  tdp_iter_restart(kvm, iter, bounds)
  read_spte(kvm, iter, bounds)
}

export const tdpIteratorDesigns: readonly Design<Kvm>[] = [
  {
    id: 'tdp-iterator-advanced-after-a-yield',
    aliases: ['yield-advances-iterator', 'CVE-2021-47094'],
    title: 'start the walk again in tdp_mmu_iter_cond_resched(), and then step to the next entry',
    status: 'bug',
    kernel: { commit: '3a0f64de479c', version: 'v5.10..v5.15', function: 'tdp_iter_next' },
    about:
      'The caller continues its loop after a yield, which steps the iterator. If the entry at which it was started again is to be zapped itself, it is skipped, and stays present in an invalid root whose zap is complete. The commit (v5.16) is the fix: it only notes that the walk has yielded.',
    scenarios: [NOTIFIER],
    patches: [
      only(
        'memslot',
        replace(
          'ZR.2 restart',
          step<Kvm>(
            'ZR.2 restart',
            {
              fn: 'tdp_iter_next',
              since: 'history',
              shows: (kvm) =>
                steps_down(kvm) ? 'tdp_iter_restart()' : 'tdp_iter_restart(), and the next entry',
            },
            [
              { when: steps_down, does: start_again, to: 'ZR.2' },
              { does: start_again, to: 'ZR.3' },
            ],
          ),
        ),
      ),
    ],
    expect: violated(
      NOTIFIER,
      'zapped-tdp-root-maps-nothing',
      'freed-tdp-page-maps-nothing',
      'tdp-root-with-present-sptes-is-on-the-list',
    ),
  },
  {
    id: 'tdp-iterator-yields-without-progress',
    aliases: ['iter-yield-no-progress'],
    title: 'drop mmu_lock whenever it is contended, whether the walk has got further or not',
    status: 'bug',
    kernel: { commit: 'ed5e484b79e8', version: 'v5.10..v5.11', function: 'tdp_mmu_iter_cond_resched' },
    about:
      'Two walks that wait for each other both drop the lock before the first entry, forever. The commit (v5.12) is the fix: a walk yields only if it has got further since the last time.',
    scenarios: [ZAP],
    patches: [
      only(
        'memslot',
        replace(
          'ZR.2 yield',
          step<Kvm>(
            'ZR.2 yield',
            { fn: 'tdp_mmu_iter_cond_resched', since: 'history', shows: 'rcu_read_unlock(), to yield' },
            { does: (kvm) => thread_rcu_read_unlock(kvm, MEMSLOT_THREAD), to: 'ZR.2 unlock' },
          ),
        ),
      ),
    ],
    expect: violated(ZAP, 'zap-all-terminates'),
  },
]
