import { only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { firstSpte, forget } from '../../machines/aging/aging.ts'
import { release_mmu_lock, write_lock } from '../../machines/primitives/lock.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/** Aging without mmu_lock: what keeps a shadow page while its SPTE is visited (tdp-notifier-requests.md 6.7, CD1). */

const AGING = 'aging-rmap'

const headReadAgain = only<Kvm>('aging', replace('AG.3', firstSpte('now')))

export const agingDesigns: readonly Design<Kvm>[] = [
  {
    id: 'rmap-head-read-again',
    aliases: ['CD1'],
    title: 'as merged in v6.15: the walk reads the head of the rmap again, locked or not',
    status: 'bug',
    kernel: { commit: 'bb6c7749ccee', version: 'v6.15..v6.18', function: 'rmap_get_first' },
    about:
      'An empty rmap is not locked, since there is nothing to walk. But for_each_rmap_spte_lockless() does not go by what the lock has found: it reads the head once more. If a fault has added an SPTE since, that is visited without any lock; when the shadow page is zapped and freed before, an Accessed bit is cleared in memory of somebody else. The window is a few instructions long, with preemption enabled. Found by reading, not known to be reported or to have happened; starting from the value that the lock returned closes it.',
    scenarios: [AGING],
    patches: [headReadAgain],
    expect: violated(AGING, 'no-use-after-free'),
  },
  {
    id: 'rmap-walked-without-its-lock',
    aliases: [],
    title: 'aging takes neither mmu_lock nor the lock bit of the rmap',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_rmap_lock_readonly' },
    about: 'Nothing keeps the shadow page from being freed between finding the SPTE and visiting it.',
    scenarios: [AGING],
    patches: [
      only(
        'aging',
        replace(
          'AG.2',
          step('AG.2', { fn: 'kvm_rmap_age_gfn_range', since: 'never', shows: 'no lock', quiet: true }),
        ),
      ),
      headReadAgain,
    ],
    expect: [
      ...violated(AGING, 'no-use-after-free'),
      ...notReached('Aging holds nothing that the zap could wait for.', AGING, 'aging-holds-back-a-zap'),
    ],
  },
  {
    id: 'aging-under-mmu-lock',
    aliases: [],
    title: 'aging holds mmu_lock, as until v6.14',
    status: 'before',
    kernel: { version: '..v6.14', function: 'kvm_age_gfn' },
    about: 'The rmap cannot change, and no page is freed, while it is walked; faults wait meanwhile.',
    scenarios: [AGING],
    patches: [
      only(
        'aging',
        replace('AG.2', write_lock('AG.2', 'notifier', { fn: 'kvm_handle_hva_range', since: '..v6.14' })),
      ),
      headReadAgain,
      only(
        'aging',
        replace(
          'AG.6',
          step(
            'AG.6',
            { fn: 'kvm_handle_hva_range', since: '..v6.14', shows: 'write_unlock(&kvm->mmu_lock)' },
            {
              does: (kvm, self) => {
                release_mmu_lock(kvm)
                forget(kvm, self)
              },
              to: 'idle',
            },
          ),
        ),
      ),
    ],
    expect: notReached('It is mmu_lock that the zap waits for.', AGING, 'aging-holds-back-a-zap'),
  },
]
