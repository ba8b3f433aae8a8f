import { drop, insert, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { writeLock, writeUnlock } from '../../machines/primitives/lock.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { count_unsync_children } from '../../memory/shadow/write-tracking.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

const ROUNDS = 'unsync-two-tables-in-rounds'
const DIRECTORY = 'unsync-table-becomes-directory'
const NO_SLOT = 'unsync-table-without-slot'

/** mmu_sync_children() works in rounds; and unsync pages that are zapped instead of synced. */
export const syncRoundDesigns: readonly Design<Kvm>[] = [
  {
    id: 'sync-yields-after-protecting',
    aliases: [],
    title: 'drop mmu_lock between write-protecting the tables of a round and syncing them',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_sync_children' },
    about:
      'Another vCPU faults, makes the table writable again and stores to it after its entry is read, and the page counts as in sync.',
    scenarios: [ROUNDS],
    patches: [
      insert(
        { before: 'SY.5 sync' },
        writeUnlock('SY.4 unlock', { fn: 'mmu_sync_children' }),
        writeLock('SY.4 relock', 'vcpu', { fn: 'mmu_sync_children' }),
      ),
    ],
    expect: [...violated(ROUNDS, 'writable-table-is-unsync', 'synced-page-agrees')],
  },
  {
    id: 'sync-yields-without-flush',
    aliases: [],
    title: 'drop mmu_lock after a round without flushing what the round has dropped',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_sync_children' },
    about:
      'A thread that takes mmu_lock meanwhile finds no SPTE and does not flush, although TLBs still have the translation.',
    scenarios: [ROUNDS],
    patches: [drop('SY.5 yield flush')],
    expect: [...violated(ROUNDS, 'no-flush-debt-at-unlock')],
  },
  {
    id: 'mark-cleared-of-a-page-not-synced',
    aliases: ['unsync-vector'],
    title: 'clear the mark of the unsync page at which the vector of the walk is full',
    status: 'rejected',
    kernel: { version: 'never merged', function: '__mmu_unsync_walk' },
    about:
      'The vector of mmu_unsync_walk() has room for a few pages. The walk clears the mark of the next one all the same, as if that were in the vector too: no later round, and no later sync, finds the page.',
    scenarios: [ROUNDS],
    patches: [insert({ after: 'SY.3' }, clearMarkOfTheNext())],
    expect: [...violated(ROUNDS, 'unsync-page-can-be-found', 'flushed-translation-is-not-used')],
  },
  {
    id: 'unsync-page-left-for-a-directory',
    aliases: [],
    title: 'build a page above level 1 and leave an unsync page of its gfn as it is',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_find_shadow_page' },
    about:
      'Stores to the gfn are tracked from now on and zap the SPTEs of both pages, so nothing is wrong: the kernel zaps the unsync page because the guest has probably stopped using it.',
    scenarios: [DIRECTORY],
    patches: [replace('GET.3 zap', leaveUnsync())],
    expect: [...notReached('It is not zapped.', DIRECTORY, 'unsync-page-is-zapped-for-a-directory')],
  },
  {
    id: 'failed-sync-ignored',
    aliases: [],
    title: 'take a page whose table cannot be read for synced',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_sync_page' },
    about: 'The SPTEs stay as they were before the store, and the guest that has flushed still uses them.',
    scenarios: [NO_SLOT],
    patches: [replace('SY.5 failed', ignoreFailure())],
    expect: [
      ...violated(NO_SLOT, 'synced-page-agrees', 'flushed-translation-is-not-used'),
      ...notReached('It is not zapped.', NO_SLOT, 'sync-fails-and-zaps'),
    ],
  },
]

/** The first marked child of the root that is not in the vector loses its mark and stays unsync. */
function clearMarkOfTheNext(): Step<Kvm> {
  const next = (kvm: Kvm, v: number): number | undefined => {
    const { root, fault } = kvm.vcpu[v]
    const { unsync_child_bitmap, spte } = kvm.page[root as number]
    return unsync_child_bitmap.elements().find((index) => {
      const { child } = spte[index]
      return child !== null && !fault.unsync_pages.has(child)
    })
  }
  return step(
    'SY.3 full',
    {
      fn: '__mmu_unsync_walk',
      shows: (kvm, v) => {
        const index = next(kvm, v)
        return index === undefined
          ? 'all unsync pages are in the vector'
          : `the vector is full: clear_unsync_child_bit(page ${kvm.vcpu[v].root}, ${index})`
      },
      quiet: (kvm, v) => next(kvm, v) === undefined,
    },
    {
      does: (kvm, v) => {
        const index = next(kvm, v)
        if (index === undefined) return
        const root = kvm.vcpu[v].root as number
        kvm.page[root].unsync_child_bitmap.delete(index)
        count_unsync_children(kvm, root, -1)
      },
    },
  )
}

function leaveUnsync(): Step<Kvm> {
  return step(
    'GET.3 zap',
    {
      fn: 'kvm_mmu_find_shadow_page',
      shows: (kvm, v) => `page ${kvm.vcpu[v].zap_sp} stays unsync`,
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].zap_sp = null
      },
      to: 'GET.6',
    },
  )
}

function ignoreFailure(): Step<Kvm> {
  return step(
    'SY.5 failed',
    { fn: 'kvm_sync_page', shows: 'ret < 0 is ignored' },
    { does: (kvm, v) => kvm.vcpu[v].fault.unsync_pages.clear(), to: 'SY.5 commit' },
  )
}
