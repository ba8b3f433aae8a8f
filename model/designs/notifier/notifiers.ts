import { drop, insert, move, only, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { inProgressOnly, retryTest, seqOnly } from '../../machines/fault/fault-host-page.ts'
import { CREATED } from '../../machines/memslots/memslot-create.ts'
import { GONE, INVALID } from '../../machines/memslots/memslot-delete.ts'
import { unmapGfn } from '../../machines/notifier/notifier.ts'
import { installMemslots } from '../../machines/primitives/install-memslots.ts'
import { fault_spte, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { FAULT_COPY_ON_WRITE } from '../../scenarios/notifier/notifiers.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'

/**
 * Page faults against mmu notifiers: what must be read in which order, and what must be done under mmu_lock?
 */

const FAULT = 'fault-notifier'
const COPY = 'fault-copy-on-write'
const LOST = ['no-mapping-of-a-lost-page', 'no-install-during-invalidation', 'mmu-spte-update-keeps-the-pfn']

const BEFORE_ANY_FAULT = 'The count goes below 0 at the end of the first invalidation.'

/** The retry test as two separate reads. */
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

/** The counters are written without mmu_lock, as on architectures whose fault path holds another lock. */
const COUNTED_WITHOUT_LOCK = [
  only<Kvm>('notifier', move('NS.4 lock', { after: 'NS.4' })),
  only<Kvm>('notifier', drop('NE.1 lock')),
  only<Kvm>('notifier', drop('NE.1 unlock')),
]

const NEVER_COPIED = [
  ...notReached('No notifier runs.', COPY, 'fault-is-retried-for-its-own-notifier'),
  ...vacuous(
    'No notifier runs, and no request is made.',
    COPY,
    'invalidation-ends-only-after-it-began',
    'notifier-ends-only-after-it-began',
    'no-request-unnoticed-in-guest-mode',
  ),
]
const NOT_COPIED = [drop<Kvm>('PF.9 cow'), drop<Kvm>('PF.9 copied')]

export const notifierDesigns: readonly Design<Kvm>[] = [
  {
    id: 'seq-read-after-pfn',
    aliases: ['B19'],
    title: 'read mmu_invalidate_seq after looking up the host page',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_faultin_pfn' },
    about:
      'An invalidation that starts and ends between the lookup and the snapshot goes unnoticed. The retry test before the lookup has no snapshot to compare with and is left out.',
    scenarios: [FAULT],
    patches: [drop('PF.8 precheck'), move('PF.7', { after: 'PF.9' })],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'retry-test-dropped',
    aliases: ['N5-mutant'],
    title: 'drop the retry test under mmu_lock, keep the two lockless ones',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'is_page_fault_stale' },
    about:
      'The lockless tests only save work: a notifier can run after the second one. So can the one that another vCPU runs to copy a shared page.',
    scenarios: [FAULT, COPY],
    kernels: ['6.12', '7.2'],
    patches: [drop('PF.12 retry')],
    expect: [
      ...violated(FAULT, ...LOST),
      ...violated(
        COPY,
        'no-mapping-of-a-lost-page',
        'no-install-during-invalidation',
        'no-flush-debt-at-unlock',
      ),
    ],
  },
  {
    id: 'retry-test-without-in-progress',
    aliases: [],
    title: 'test only mmu_invalidate_seq for a retry',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'mmu_invalidate_retry_gfn' },
    about: 'A fault that takes mmu_lock between start and end sees the old sequence count.',
    scenarios: [FAULT],
    patches: [replace('PF.12 retry', retryTest(seqOnly))],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'retry-test-without-seq',
    aliases: [],
    title: 'test only mmu_invalidate_in_progress for a retry',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'mmu_invalidate_retry_gfn' },
    about: 'A fault that takes mmu_lock after the end sees no invalidation in progress.',
    scenarios: [FAULT],
    patches: [replace('PF.12 retry', retryTest(inProgressOnly))],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'seq-bumped-at-start',
    aliases: [],
    title: 'increment mmu_invalidate_seq at the start of the invalidation, not at its end',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_invalidate_begin' },
    about:
      'A fault that begins after the start still finds the old host page, with the new sequence count. The lockless retry test before the lookup (v6.9) would hide the bug and is left out.',
    scenarios: [FAULT],
    patches: [drop('PF.8 precheck'), only('notifier', move('NE.1 seq', { after: 'NS.4' }))],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'unmapped-before-the-invalidation-begins',
    aliases: [],
    title: 'zap the rmap before counting the invalidation, in the same section of mmu_lock',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_unmap_gfn_range' },
    about:
      'Harmless while mmu_lock is not dropped in between, which a range that yields (v6.12) does: a fault would then map the page again.',
    scenarios: [FAULT],
    patches: [only('notifier', move('NS.5', { before: 'NS.4' }))],
    expect: violated(FAULT, 'kvm-unmap-gfn-range-is-inside-an-invalidation'),
  },
  {
    id: 'range-not-added',
    aliases: [],
    title: 'begin an invalidation without adding its range',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_invalidate_range_add' },
    about: 'A fault on the gfn is not retried while the invalidation is in progress.',
    scenarios: [FAULT],
    patches: [only('notifier', replace('NS.4', countOnly()))],
    expect: violated(FAULT, 'kvm-mmu-invalidate-end-finds-a-range', ...LOST),
  },
  {
    id: 'notifier-registered-midway',
    aliases: ['4cccb6221cae'],
    title: 'register the mmu notifier between the start and the end of an invalidation',
    status: 'bug',
    kernel: { commit: '4cccb6221cae', version: '..v5.19', function: 'kvm_init_mmu_notifier' },
    about:
      'KVM sees the end of an invalidation whose start came before mmu_notifier_register(), and counts mn_active_invalidate_count back below zero: no later update of memslots ever finds it at zero. There are no memslots yet, so mmu_invalidate_in_progress is left alone.',
    scenarios: [FAULT],
    patches: [only('notifier', replace('NS.1[1]', startUnseen(1)))],
    expect: [
      ...violated(FAULT, 'notifier-ends-only-after-it-began'),
      ...notReached(BEFORE_ANY_FAULT, FAULT, 'absent-page-is-invalidated', 'same-page-is-mapped-again'),
      ...vacuous(
        BEFORE_ANY_FAULT,
        FAULT,
        'no-request-unnoticed-in-guest-mode',
        'kvm-unmap-gfn-range-is-inside-an-invalidation',
        'kvm-mmu-invalidate-end-finds-a-range',
      ),
      ...notReached(BEFORE_ANY_FAULT, FAULT, 'fault-is-retried-for-a-notifier'),
    ],
  },
  {
    id: 'invalidation-count-copied-to-int',
    aliases: ['ba6e3fe25543'],
    title: 'v5.16..v6.2: keep the snapshot of mmu_invalidate_seq in an int',
    status: 'bug',
    kernel: { commit: 'ba6e3fe25543', version: 'v5.16..v6.2', function: 'kvm_faultin_pfn' },
    about:
      'The count is an unsigned long. After 2^31 invalidations the copy is negative, and sign extension makes it differ from the count it was copied from: no fault is ever accepted again. Here the first invalidation stands for the 2^31st.',
    scenarios: [FAULT],
    patches: [replace('PF.7', snapshotAsInt())],
    expect: [
      ...violated(FAULT, 'every-access-can-finish'),
      ...notReached('No fault is accepted any more.', FAULT, 'same-page-is-mapped-again'),
    ],
  },
  {
    id: 'retry-test-under-lock-only',
    aliases: ['N5'],
    title: '..v6.8: drop the lockless retry tests',
    status: 'control',
    kernel: { version: '..v6.8', function: 'kvm_faultin_pfn' },
    about: 'Safe: they only save the work of a fault that will be retried (d02c357e5bfa, v6.9).',
    scenarios: [FAULT, 'fault-two-notifiers'],
    patches: [drop('PF.8 precheck'), drop('PF.10')],
    expect: [],
  },
  {
    id: 'flush-after-unlock',
    aliases: ['B20'],
    title: 'flush TLBs in the notifier after dropping mmu_lock',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_notifier_invalidate_range_start' },
    about:
      'Harmless for this notifier; but a second notifier for the same page finds no SPTE, does not flush, and lets the host free a page that a TLB still maps.',
    scenarios: [FAULT, 'fault-two-notifiers'],
    patches: [move('NS.6', { after: 'NS.7' })],
    expect: [
      ...violated(FAULT, 'no-flush-debt-at-unlock'),
      ...violated('fault-two-notifiers', 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
    ],
  },
  {
    id: 'copied-without-flush',
    aliases: [],
    title: 'do not flush in the notifier that a page fault runs to copy a shared page',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_notifier_invalidate_range_start' },
    about:
      'The faulting vCPU maps the copy and writes to it; the other one reads the page of the other process through its TLB.',
    scenarios: [COPY],
    kernels: ['6.12', '7.2'],
    patches: [only('notifier', drop('NS.6'))],
    expect: [
      ...violated(COPY, 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
      ...vacuous('No request is made.', COPY, 'no-request-unnoticed-in-guest-mode'),
    ],
  },
  {
    id: 'shared-page-not-copied',
    aliases: [],
    title: 'look up the host page for a write as for a read',
    status: 'control',
    kernel: { version: 'never merged', function: 'hva_to_pfn' },
    about:
      'Without FOLL_WRITE the host does not copy the page, and the fault maps it read-only again and again.',
    scenarios: [COPY],
    patches: NOT_COPIED,
    expect: [...violated(COPY, 'no-fault-retried-for-ever', 'every-access-can-finish'), ...NEVER_COPIED],
  },
  {
    id: 'shared-page-mapped-writable',
    aliases: [],
    title: 'look up the host page for a write as for a read, and map it writable',
    status: 'control',
    kernel: { version: 'never merged', function: 'make_spte' },
    about: 'fault->map_writable says that the host PTE is read-only.',
    scenarios: [COPY],
    patches: [...NOT_COPIED, insert({ after: 'SET.4' }, mapWritable())],
    expect: [...violated(COPY, 'shared-page-is-not-writable'), ...NEVER_COPIED],
  },
  {
    id: 'snapshot-after-the-own-copy',
    aliases: [],
    title: 'read mmu_invalidate_seq again after a page fault has copied its page',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_faultin_pfn' },
    about:
      'Safe, and saves the retry that every such fault costs: the page is looked up after the notifier has ended. In the kernel copying and looking up are one call of get_user_pages(), so there is no place for it.',
    scenarios: [COPY],
    kernels: ['6.12', '7.2'],
    patches: [insert({ after: 'PF.9 copied' }, snapshotAgain())],
    expect: [],
  },
  {
    id: 'retry-test-apart-from-counters',
    aliases: [],
    title: 'update the invalidation counters without mmu_lock, and test in_progress before seq',
    status: 'control',
    kernel: { commit: 'a355aa54f1d2', version: 'v3.3', function: 'mmu_notifier_retry' },
    about:
      'Safe, as on architectures whose fault path holds another lock: the notifier increments seq before it decrements in_progress, so a reader that tests in_progress first cannot miss both.',
    scenarios: [FAULT],
    patches: [...COUNTED_WITHOUT_LOCK, retryReads('count', 'seq')],
    expect: [],
  },
  {
    id: 'retry-test-seq-first',
    aliases: ['G4'],
    title: '..v3.2: update the invalidation counters without mmu_lock, and test seq before in_progress',
    status: 'bug',
    kernel: { version: '..v3.2', function: 'mmu_notifier_retry' },
    about:
      'The whole end of an invalidation fits between the two reads: seq is still old, in_progress is already zero. Fixed by a355aa54f1d2 ("Add barriers to allow mmu_notifier_retry to be used locklessly").',
    scenarios: [FAULT],
    patches: [...COUNTED_WITHOUT_LOCK, retryReads('seq', 'count')],
    expect: violated(FAULT, ...LOST),
  },
  {
    id: 'count-dropped-before-seq',
    aliases: [],
    title:
      'update the invalidation counters without mmu_lock, and decrement in_progress before incrementing seq',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_invalidate_end' },
    about: 'The writer half of the same pair: between the two stores nothing is in progress and seq is old.',
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
    title: 'decrement in_progress before incrementing seq, both under mmu_lock',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_invalidate_end' },
    about:
      'Safe: on x86 the decisive test is under mmu_lock as well, so the order of the stores does not matter.',
    scenarios: [FAULT],
    patches: [only('notifier', move('NE.1 count', { before: 'NE.1 seq' }))],
    expect: [],
  },
  {
    id: 'memslots-swapped-during-invalidation',
    aliases: ['G1'],
    title: 'v5.13..v5.14: install memslots between the start and the end of an invalidation',
    status: 'bug',
    kernel: { version: 'v5.13..v5.14', function: 'install_new_memslots' },
    about:
      'Start and end each look up the slot. If it is deleted in between, the end finds none and does not decrement in_progress. Fixed by 52ac8b358b0c ("Block memslot updates across range_start() and range_end()", v5.15).',
    scenarios: ['slot-delete-flush-debt'],
    patches: [
      only('memslot', replace('SL.2', installMemslots('SL.2', { ...INVALID, may: () => true }))),
      only('memslot', replace('SL.6', installMemslots('SL.6', { ...GONE, may: () => true }))),
    ],
    expect: violated(
      'slot-delete-flush-debt',
      'invalidations-are-balanced',
      'memslots-are-installed-between-invalidations',
    ),
  },
  {
    id: 'slot-created-during-invalidation',
    aliases: [],
    title: 'v5.13..v5.14: install a new memslot between the start and the end of an invalidation',
    status: 'bug',
    kernel: { version: 'v5.13..v5.14', function: 'install_new_memslots' },
    about:
      'The other way round: the start finds no slot and counts nothing, the end finds one and decrements in_progress. Fixed by 52ac8b358b0c as well.',
    scenarios: ['slot-create-notifier'],
    patches: [only('memslot', replace('SC.2', installMemslots('SC.2', { ...CREATED, may: () => true })))],
    expect: violated(
      'slot-create-notifier',
      'invalidation-ends-only-after-it-began',
      'memslots-are-installed-between-invalidations',
      'no-mapping-of-a-lost-page',
      'no-install-during-invalidation',
      'every-access-can-finish',
    ),
  },
  {
    id: 'locked-rmap-zapped',
    aliases: [],
    title: 'zap an rmap in the notifier without waiting for its lock bit',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_zap_all_rmap_sptes' },
    about:
      'mmu_lock keeps no lockless walk of the rmap away. With one SPTE the walk finds it cleared; with more it would read a descriptor that was freed.',
    scenarios: ['aging-notifier'],
    kernels: ['7.2'],
    patches: [only('notifier', replace('NS.5', unmapGfn()))],
    expect: violated('aging-notifier', 'locked-rmap-does-not-change'),
  },
]

function countOnly() {
  return step<Kvm>(
    'NS.4',
    { fn: 'kvm_mmu_invalidate_begin', shows: 'in_progress++ (no range)' },
    {
      does: (kvm) => {
        kvm.mmu_invalidate.in_progress++
      },
    },
  )
}

/** The start of an invalidation that KVM does not see yet; the end of it finds no memslots. */
function startUnseen(gfn: number): Step<Kvm> {
  return step(
    `NS.1[${gfn}]`,
    { fn: 'host mm', since: 'outside KVM', shows: `gfn ${gfn}: start, before mmu_notifier_register()` },
    {
      when: (kvm, n) => kvm.notifier[n].left > 0,
      does: (kvm, n) => {
        kvm.notifier[n].left--
        kvm.notifier[n].gfn = gfn
      },
      to: 'NE.2',
    },
  )
}

/** PF.7 with a copy of one bit and a sign. */
function snapshotAsInt(): Step<Kvm> {
  return step(
    'PF.7',
    {
      fn: 'kvm_faultin_pfn',
      since: 'v5.16..v6.2',
      shows: (kvm) =>
        `mmu_seq = (int)mmu_invalidate_seq = ${kvm.mmu_invalidate.seq === 0 ? '0' : 'negative'}`,
    },
    {
      does: (kvm, v) => {
        const { seq } = kvm.mmu_invalidate
        // Any other value than the count stands for the negative one.
        kvm.vcpu[v].fault.mmu_seq = seq === 0 ? 0 : seq - 1
      },
    },
  )
}

function snapshotAgain() {
  return step<Kvm>(
    'PF.9 snapshot',
    { fn: 'kvm_faultin_pfn', shows: 'mmu_seq = mmu_invalidate_seq' },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].fault.mmu_seq = kvm.mmu_invalidate.seq
      },
    },
  )
}

function mapWritable() {
  const bounds = boundsOf(FAULT_COPY_ON_WRITE)
  return step<Kvm>(
    'SET.4 writable',
    { fn: 'make_spte', shows: 'spte |= PT_WRITABLE_MASK' },
    {
      does: (kvm, v) => {
        if (kvm.vcpu[v].guest === 'write') fault_spte(kvm, v, bounds).w = true
      },
    },
  )
}
