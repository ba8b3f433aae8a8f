import { drop, insert, move, replace } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'
import {
  alreadyCopied,
  clearAll,
  copyNow,
  markWritesOnly,
  PROTECT_FIRST,
  protectIfWritable,
  readThenStore,
} from './dirty-log-patches.ts'

/**
 * KVM_GET_DIRTY_LOG and KVM_CLEAR_DIRTY_LOG: in which order are bits fetched and cleared, SPTEs write-protected,
 * TLBs flushed and the bits reported? "A pass" is one such ioctl and the copying of the pages it reports.
 */

const ONE = 'dirty-log'
const TWO = 'dirty-log-two-vcpus'
const CLEAR = 'dirty-log-clear'
const FAST = 'dirty-log-fast-fault'
const TABLE = 'dirty-log-table'
const READ = 'dirty-log-read'
const MISSING = 'no-write-missing-from-the-dirty-log'

const UNNOTICED = 'no-request-unnoticed-in-guest-mode'
const NO_FLUSH = 'The only request in this scenario is the flush of a pass, and no pass sends one.'

const missingIn = (...scenarios: string[]) => scenarios.flatMap((scenario) => violated(scenario, MISSING))

export const dirtyLogDesigns: readonly Design<Kvm>[] = [
  {
    id: 'read-maps-writable-unlogged',
    aliases: [],
    title: 'set the dirty bit in write faults only, although a read may map the page writable',
    status: 'control',
    kernel: { version: 'never merged', function: 'make_spte' },
    about: 'On a direct root the read maps the page writable, and the write that follows does not fault.',
    scenarios: [READ],
    patches: [replace('SET.3', markWritesOnly())],
    expect: [
      ...violated(READ, MISSING),
      ...notReached('Only writes set the bit.', READ, 'read-marks-a-page-dirty'),
    ],
  },
  {
    id: 'log-returned-before-flush',
    aliases: ['B33'],
    title: 'return the dirty log to userspace before flushing TLBs',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'Userspace copies the page, then the guest writes to it through a stale writable TLB entry: no fault, no dirty bit.',
    scenarios: [ONE, TWO, CLEAR],
    patches: [move('DL.5', { after: 'DL.7' })],
    expect: missingIn(ONE, TWO, CLEAR),
  },
  {
    id: 'log-copied-to-user-before-flush',
    aliases: [],
    title: 'v4.0..v5.6: copy the bits to userspace before the flush, return from the ioctl after it',
    status: 'before',
    kernel: { commit: '0dff084607bd', version: 'v4.0..v5.6', function: 'kvm_vm_ioctl_get_dirty_log' },
    about:
      'The caller of kvm_get_dirty_log_protect() did the flush, after the function had copied the bits to userspace. That makes no difference as long as userspace waits for the ioctl to return.',
    scenarios: [ONE],
    patches: [move('DL.6', { before: 'DL.5' })],
    expect: [],
  },
  {
    id: 'log-flushed-under-lock',
    aliases: [],
    title: 'v3.4..v3.15: flush TLBs before dropping mmu_lock',
    status: 'before',
    kernel: { commit: '198c74f43f0f', version: 'v3.4..v3.15', function: 'kvm_vm_ioctl_get_dirty_log' },
    about:
      'Safe, but mmu_lock is held while KVM waits for all vCPUs. 198c74f43f0f ("KVM: MMU: flush tlb out of mmu lock when write-protect the sptes") moved the flush out.',
    scenarios: [ONE, TABLE],
    patches: [move('DL.5', { before: 'DL.4' })],
    expect: [],
  },
  {
    id: 'log-not-flushed',
    aliases: [],
    title: 'write-protect the logged pages without flushing TLBs',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about: 'The guest keeps writing through its TLB.',
    scenarios: [ONE, CLEAR],
    patches: [drop('DL.5/flush')],
    expect: [...missingIn(ONE, CLEAR), ...[ONE, CLEAR].flatMap((s) => vacuous(NO_FLUSH, s, UNNOTICED))],
  },
  {
    id: 'log-flushed-before-write-protect',
    aliases: [],
    title: 'flush TLBs before write-protecting the SPTEs',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about: 'Between the two, the guest caches the writable translation again.',
    scenarios: [ONE, CLEAR],
    patches: [move('DL.5', { before: 'DL.3' })],
    expect: missingIn(ONE, CLEAR),
  },
  {
    id: 'log-not-write-protected',
    aliases: [],
    title: 'fetch and clear the bits, but leave the SPTEs writable',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_write_protect_pt_masked' },
    about: 'Without DL.3 the guest caches the writable SPTE again after the flush.',
    scenarios: [ONE, CLEAR],
    patches: [drop('DL.3')],
    expect: missingIn(ONE, CLEAR),
  },
  {
    id: 'bits-taken-before-lock',
    aliases: [],
    title: 'fetch and clear the bits before taking mmu_lock',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'Safe: a fault between the two sets its bit for the next pass, and this pass write-protects its page.',
    scenarios: [ONE, FAST],
    patches: [move('DL.1', { before: 'DL.2' })],
    expect: [],
  },
  {
    id: 'bits-taken-after-write-protect',
    aliases: ['H9-locked'],
    title: 'write-protect the SPTEs before fetching the bits, all under mmu_lock',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'mmu_lock excludes ordinary faults, but a fast page fault does not take it: its bit is fetched and cleared, and its SPTE stays writable.',
    scenarios: [ONE, FAST],
    patches: PROTECT_FIRST,
    expect: missingIn(FAST),
  },
  {
    id: 'bits-taken-after-unlock',
    aliases: ['H9'],
    title: 'write-protect the SPTEs under mmu_lock, and fetch the bits after dropping it',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'A fault in between makes the page writable and sets its bit; the pass clears the bit and leaves the page writable.',
    scenarios: [ONE],
    patches: [...PROTECT_FIRST, move('DL.4', { before: 'DL.1' })],
    expect: missingIn(ONE),
  },
  {
    id: 'bits-taken-after-flush',
    aliases: [],
    title: 'write-protect the SPTEs and flush TLBs before fetching the bits',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'As bits-taken-after-unlock: after the flush the guest faults again, and the pass clears the new bit.',
    scenarios: [ONE],
    patches: [
      ...PROTECT_FIRST,
      move('DL.4', { before: 'DL.1' }),
      drop('DL.5 test'),
      move('DL.5', { before: 'DL.1' }),
    ],
    expect: missingIn(ONE),
  },
  {
    id: 'bits-read-then-cleared',
    aliases: [],
    title: 'read the bitmap word and then store 0, instead of using xchg()',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'mmu_lock excludes ordinary faults but not fast page faults: a bit set between the two accesses is lost.',
    scenarios: [ONE, FAST],
    patches: [replace('DL.1', ...readThenStore())],
    expect: missingIn(FAST),
  },
  {
    id: 'page-not-marked-dirty',
    aliases: [],
    title: 'do not set the dirty bit when a fault makes a page writable',
    status: 'control',
    kernel: { version: 'never merged', function: 'make_spte' },
    about: 'Without SET.3 nothing else records the write.',
    scenarios: [ONE],
    patches: [drop('SET.3')],
    expect: [
      ...missingIn(ONE),
      ...vacuous(NO_FLUSH, ONE, UNNOTICED),
      ...notReached('No pass finds a dirty bit.', ONE, 'store-comes-before-the-flush'),
    ],
  },
  {
    id: 'emulated-store-not-marked-dirty',
    aliases: ['CVE-2024-35804', '910c57dfa4d1'],
    title: 'do not set the dirty bit for an emulated store',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_vcpu_write_guest' },
    about:
      'KVM writes through its own mapping of guest memory, so write-protecting SPTEs does not catch the store.',
    scenarios: [TABLE],
    patches: [drop('TR.1 mark')],
    expect: missingIn(TABLE),
  },
  {
    id: 'page-marked-dirty-after-spte',
    aliases: [],
    title: 'install the writable SPTE before setting the dirty bit',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'make_spte' },
    about:
      'Safe: both happen under mmu_lock, which a pass takes as well. Another vCPU may write in between, but no pass can run there.',
    scenarios: [ONE, TWO],
    patches: [move('SET.3', { after: 'SET.4' })],
    expect: [],
  },
  {
    id: 'page-copied-before-clear',
    aliases: [],
    title: 'copy the pages in userspace before KVM_CLEAR_DIRTY_LOG',
    status: 'control',
    kernel: { version: 'v5.2', function: 'host userspace' },
    about:
      'A bug of userspace: what the guest writes between the copy and the clear is in no copy and has no dirty bit.',
    scenarios: [CLEAR],
    patches: [insert({ after: 'DLG.1' }, copyNow()), replace('DL.7', alreadyCopied())],
    expect: missingIn(CLEAR),
  },
  {
    id: 'all-bits-cleared',
    aliases: [],
    title: 'clear all set bits in KVM_CLEAR_DIRTY_LOG, not only those that userspace passes',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_clear_dirty_log_protect' },
    about: 'A page that became dirty after KVM_GET_DIRTY_LOG is never reported.',
    scenarios: [CLEAR],
    patches: [replace('DLC.1', clearAll())],
    expect: missingIn(CLEAR),
  },
  {
    id: 'table-flushed-only-if-writable',
    aliases: ['wrprot-flush-after-unlock'],
    title:
      '..v3.3: flush for a newly shadowed table only if an SPTE is writable, with the dirty log flushing after unlock',
    status: 'before',
    kernel: { commit: '6dbf79e7164e', version: '..v3.3', function: 'kvm_vm_ioctl_get_dirty_log' },
    about:
      'A pass has cleared W and not flushed yet: the fault that builds the shadow page sees no writable SPTE and skips the flush, and another vCPU still writes to the table through its TLB. Today the MMU-writable bit says that a flush may be needed.',
    scenarios: [TABLE],
    patches: [replace('GET.11', protectIfWritable())],
    expect: [
      ...violated(TABLE, 'no-writable-tlb-entry-of-a-synced-table'),
      ...violated(TABLE, 'no-flush-debt-at-unlock'),
    ],
  },
  {
    id: 'table-flushed-only-if-writable-log-flushed-under-lock',
    aliases: [],
    title: 'v3.4: as table-flushed-only-if-writable, with the dirty log flushing before it drops mmu_lock',
    status: 'before',
    kernel: { commit: '6dbf79e7164e', version: 'v3.4', function: 'kvm_vm_ioctl_get_dirty_log' },
    about:
      'The fix, 6dbf79e7164e ("KVM: Fix write protection race during dirty logging"): if W is clear while mmu_lock is free, no TLB caches the SPTE as writable.',
    scenarios: [TABLE],
    patches: [replace('GET.11', protectIfWritable()), move('DL.5', { before: 'DL.4' })],
    expect: [],
  },
]
