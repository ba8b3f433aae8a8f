import { agingUnderMmuLock } from '../../kernels/aging/aging-without-mmu-lock.ts'
import { only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { firstSpte, forget } from '../../machines/aging/aging.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'

/** Aging without mmu_lock: what keeps a shadow page from being freed while its SPTE is visited? */

const AGING = 'aging-rmap'
const CHAIN = 'aging-chain'
const NOTIFIER = 'aging-notifier'

const headReadAgain = only<Kvm>('aging', replace('AG.3', firstSpte('now', 'v6.15..v7.0')))

export const agingDesigns: readonly Design<Kvm>[] = [
  {
    id: 'rmap-head-read-again',
    aliases: ['CD1', '3.8'],
    title: 'as merged in v6.15: the walk reads the rmap head again, whether the rmap is locked or not',
    status: 'bug',
    kernel: { commit: 'bb6c7749ccee', version: 'v6.15..v7.2', function: 'rmap_get_first' },
    about:
      'An empty rmap is not locked, because there is nothing to walk. But for_each_rmap_spte_lockless() ignores what kvm_rmap_lock_readonly() returned and reads the head again. If a fault has added an SPTE in between, the walk visits it without any lock; if the shadow page is zapped and freed first, the walk clears an Accessed bit in memory that has been reused. The window is a few instructions long, with preemption enabled. Found with this model; v7.2 starts the walk from the value that the lock returned, which closes the window.',
    scenarios: [AGING],
    kernels: ['7.2'],
    patches: [headReadAgain],
    expect: violated(AGING, 'no-use-after-free'),
  },
  {
    id: 'rmap-walked-without-its-lock',
    aliases: [],
    title: 'age SPTEs without mmu_lock and without the lock bit of the rmap',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_rmap_lock_readonly' },
    about: 'Nothing keeps the shadow page from being freed between finding the SPTE and visiting it.',
    scenarios: [AGING, CHAIN],
    kernels: ['7.2'],
    patches: [
      only(
        'aging',
        replace(
          'AG.2',
          step('AG.2', { fn: 'kvm_rmap_age_gfn_range', since: 'history', shows: 'no lock', quiet: true }),
        ),
      ),
      headReadAgain,
    ],
    expect: [
      ...violated(AGING, 'no-use-after-free'),
      ...violated(CHAIN, 'no-use-after-free'),
      ...notReached('Aging holds no lock that the zap could wait for.', AGING, 'aging-holds-back-a-zap'),
      ...notReached('Aging holds no lock that the zap could wait for.', CHAIN, 'aging-holds-back-a-zap'),
      ...vacuous('Aging locks no rmap.', CHAIN, 'locked-rmap-does-not-change'),
    ],
  },
  {
    id: 'rmap-head-truncated',
    aliases: ['CD3'],
    title: 'keep the head of a locked rmap in 32 bits, and store that when it is unlocked',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_rmap_unlock_readonly' },
    about:
      'The value that kvm_rmap_lock_readonly() returns is a pointer. In a proposal it went through a variable of 32 bits; what is stored then leads to no SPTE of the frame. The notifier finds nothing to zap.',
    scenarios: [NOTIFIER],
    kernels: ['7.2'],
    patches: [only('aging', replace('AG.6', unlockTruncated()))],
    expect: violated(
      NOTIFIER,
      'no-mapping-of-a-lost-page',
      'locked-rmap-does-not-change',
      'leaf-is-on-its-rmap',
    ),
  },
  {
    id: 'aging-under-mmu-lock',
    aliases: [],
    title: 'until v6.14: age SPTEs under mmu_lock',
    status: 'before',
    kernel: { version: '..v6.14', function: 'kvm_age_gfn' },
    about: 'While the rmap is walked, it cannot change and no page is freed; faults wait for the lock.',
    scenarios: [AGING],
    kernels: ['7.2'],
    patches: agingUnderMmuLock,
    expect: notReached('The zap waits for mmu_lock instead.', AGING, 'aging-holds-back-a-zap'),
  },
]

/** AG.6 that stores half of the head. */
function unlockTruncated() {
  return step<Kvm>(
    'AG.6',
    { fn: 'kvm_rmap_unlock_readonly', since: 'history', shows: 'rmap_head->val = (u32)rmap_val' },
    {
      does: (kvm, self) => {
        const { gfn, locked } = kvm.aging[self]
        if (locked) {
          kvm.rmap_locked[gfn as number] = false
          for (let page = 0; page < kvm.page.length; page++) kvm.rmap[gfn as number][page].clear()
        }
        forget(kvm, self)
      },
      to: 'idle',
    },
  )
}
