import { drop, move, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { inProgressOnly, retryTest, seqOnly } from '../../machines/fault/fault-host-page.ts'
import { GONE, INVALID, installMemslots } from '../../machines/memslots/memslot-delete.ts'
import { endTest } from '../../machines/notifier/notifier.ts'
import { target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { slot_found } from '../../memory/memslots/memslot.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/**
 * Page faults against mmu notifiers: what must be read before what, and what must be done under mmu_lock
 * (shadow-mmu.md 6.2, B19, B20; tdp-notifier-requests.md 4.4; bug-catalogue.md G1, G4, N5).
 */

const FAULT = 'fault-notifier'
const LOST = ['no-mapping-of-a-lost-page', 'no-install-during-invalidation']

/** The two fields of the retry test as reads of their own. */
const retryReads = (...reads: ('count' | 'seq')[]) =>
  replace<Kvm>(
    'PF.12 retry',
    ...reads.map((read) =>
      step<Kvm>(
        `PF.12 retry ${read}`,
        { fn: 'mmu_invalidate_retry', since: 'v3.3', shows: `read the ${read} of invalidations` },
        [
          {
            when: (kvm, v) =>
              read === 'seq'
                ? seqOnly(kvm, target_gfn(kvm, v), kvm.vcpu[v].fault.mmu_seq)
                : inProgressOnly(kvm, target_gfn(kvm, v)),
            to: 'PF.15',
          },
          {},
        ],
      ),
    ),
  )

/** The counters are written without mmu_lock, as where the fault path holds another lock. */
const COUNTED_WITHOUT_LOCK = [
  only<Kvm>('notifier', move('NS.4 lock', { after: 'NS.4' })),
  only<Kvm>('notifier', drop('NE.1 lock')),
  only<Kvm>('notifier', drop('NE.1 unlock')),
]

export const notifierDesigns: readonly Design<Kvm>[] = [
  {
    id: 'seq-read-after-pfn',
    aliases: ['B19'],
    title: 'mmu_invalidate_seq is read after the host page was looked up',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_faultin_pfn' },
    about:
      'An invalidation that begins and ends between the lookup and the snapshot goes unnoticed. The retry test without the lock, which comes before, has no snapshot to compare with and is left out.',
    scenarios: [FAULT],
    patches: [drop('PF.8 precheck'), move('PF.7', { after: 'PF.9' })],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'retry-test-dropped',
    aliases: ['N5-mutant'],
    title: 'no retry test under mmu_lock; the two without the lock stay',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'is_page_fault_stale' },
    about: 'The tests without the lock are only hints: a notifier can come after the second.',
    scenarios: [FAULT],
    patches: [drop('PF.12 retry')],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'retry-test-without-in-progress',
    aliases: [],
    title: 'the retry test looks at the sequence count only',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'mmu_invalidate_retry_gfn' },
    about: 'A fault that takes mmu_lock between start and end finds the old sequence count.',
    scenarios: [FAULT],
    patches: [replace('PF.12 retry', retryTest(seqOnly))],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'retry-test-without-seq',
    aliases: [],
    title: 'the retry test looks at the invalidations in progress only',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'mmu_invalidate_retry_gfn' },
    about: 'A fault that takes mmu_lock after the end finds nothing in progress.',
    scenarios: [FAULT],
    patches: [replace('PF.12 retry', retryTest(inProgressOnly))],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'seq-bumped-at-start',
    aliases: [],
    title: 'mmu_invalidate_seq is incremented when the invalidation begins, not when it ends',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_invalidate_begin' },
    about:
      'A fault that begins after the start still finds the old host page, with the new sequence count. The retry test before the lookup, which needs no lock (v6.9), would hide it, and is left out.',
    scenarios: [FAULT],
    patches: [drop('PF.8 precheck'), only('notifier', move('NE.1 seq', { after: 'NS.4' }))],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'retry-test-under-lock-only',
    aliases: ['N5'],
    title: 'without the retry tests that take no lock',
    status: 'control',
    kernel: { version: '..v6.8', function: 'kvm_faultin_pfn' },
    about: 'They only save the work of a fault that has to be retried: d02c357e5bfa (v6.9).',
    scenarios: [FAULT, 'fault-two-notifiers'],
    patches: [drop('PF.8 precheck'), drop('PF.10')],
    expect: [],
  },
  {
    id: 'flush-after-unlock',
    aliases: ['B20'],
    title: 'the notifier drops mmu_lock before it flushes',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_notifier_invalidate_range_start' },
    about:
      'Harmless to the page that this notifier is about; but a second notifier for the same page finds no SPTE, does not flush, and lets the host free what a TLB still maps.',
    scenarios: [FAULT, 'fault-two-notifiers'],
    patches: [move('NS.6', { after: 'NS.7' })],
    expect: [
      ...violated(FAULT, 'no-flush-debt-at-unlock'),
      ...violated('fault-two-notifiers', 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
    ],
  },
  {
    id: 'retry-test-apart-from-counters',
    aliases: [],
    title: 'the counters of invalidations are written without mmu_lock; count is tested before seq',
    status: 'control',
    kernel: { commit: 'a355aa54f1d2', version: 'v3.3', function: 'mmu_notifier_retry' },
    about:
      'As on hardware where the fault path holds another lock: the notifier increments seq before it decrements the count, so a reader that looks at the count first cannot miss both.',
    scenarios: [FAULT],
    patches: [...COUNTED_WITHOUT_LOCK, retryReads('count', 'seq')],
    expect: [],
  },
  {
    id: 'retry-test-seq-first',
    aliases: ['G4'],
    title: 'the counters of invalidations are written without mmu_lock; seq is tested before count',
    status: 'bug',
    kernel: { version: '..v3.2', function: 'mmu_notifier_retry' },
    about:
      'The whole end of an invalidation fits between the two reads: seq is still old, the count is zero already. a355aa54f1d2 ("Add barriers to allow mmu_notifier_retry to be used locklessly").',
    scenarios: [FAULT],
    patches: [...COUNTED_WITHOUT_LOCK, retryReads('seq', 'count')],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'count-dropped-before-seq',
    aliases: [],
    title: 'the counters are written without mmu_lock, and the count goes down before seq goes up',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_invalidate_end' },
    about: 'The other half of the same pair: between the two stores nothing is in progress and seq is old.',
    scenarios: [FAULT],
    patches: [
      ...COUNTED_WITHOUT_LOCK,
      retryReads('count', 'seq'),
      only('notifier', move('NE.1 count', { before: 'NE.1 seq' })),
    ],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'count-dropped-before-seq-under-lock',
    aliases: [],
    title: 'the count goes down before seq goes up, both under mmu_lock',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_invalidate_end' },
    about:
      'On x86 the test that counts is under mmu_lock too, so that the order of the stores does not matter.',
    scenarios: [FAULT],
    patches: [only('notifier', move('NE.1 count', { before: 'NE.1 seq' }))],
    expect: [],
  },
  {
    id: 'memslots-swapped-during-invalidation',
    aliases: ['G1'],
    title: 'a set of memslots is published between the start and the end of an invalidation',
    status: 'bug',
    kernel: { version: 'v5.13..v5.14', function: 'install_new_memslots' },
    about:
      'Start and end each look for a slot. When the slot is deleted in between, the end finds none and does not count back. 52ac8b358b0c ("Block memslot updates across range_start() and range_end()", v5.15).',
    scenarios: ['slot-delete-flush-debt'],
    patches: [
      only('memslot', replace('SL.2', installMemslots('SL.2', { ...INVALID, may: () => true }))),
      only('memslot', replace('SL.6', installMemslots('SL.6', { ...GONE, may: () => true }))),
      only(
        'notifier',
        replace(
          'NE.1 test',
          endTest((kvm, n) => slot_found(kvm, kvm.notifier[n].gfn as number) !== 'none'),
        ),
      ),
    ],
    expect: violated('slot-delete-flush-debt', 'invalidations-are-balanced'),
  },
]
