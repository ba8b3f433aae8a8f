import { drop, insert, move, replace } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'
import {
  clearAll,
  copyNow,
  forget,
  PROTECT_FIRST,
  protectIfWritable,
  readThenStore,
} from './dirty-log-patches.ts'

/**
 * A pass over the dirty log: in which order are bits taken, SPTEs write-protected, TLBs flushed, and userspace
 * told (shadow-mmu.md 6.5, B33; tdp-notifier-requests.md 3.7, H9, M19; bug-catalogue.md D1)?
 */

const ONE = 'dirty-log'
const TWO = 'dirty-log-two-vcpus'
const CLEAR = 'dirty-log-clear'
const FAST = 'dirty-log-fast-fault'
const TABLE = 'dirty-log-table'
const MISSING = 'no-write-missing-from-the-dirty-log'

const UNNOTICED = 'no-request-unnoticed-in-guest-mode'
const NO_FLUSH = 'The only request here is the flush of a pass, and no pass makes one.'

const missingIn = (...scenarios: string[]) => scenarios.flatMap((scenario) => violated(scenario, MISSING))

export const dirtyLogDesigns: readonly Design<Kvm>[] = [
  {
    id: 'log-returned-before-flush',
    aliases: ['B33'],
    title: 'the pass returns to userspace first, and flushes the TLBs second',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'Userspace copies the page, then the guest writes to it through what it still has cached: no fault, no bit.',
    scenarios: [ONE, TWO, CLEAR],
    patches: [move('DL.5', { after: 'DL.7' })],
    expect: missingIn(ONE, TWO, CLEAR),
  },
  {
    id: 'log-copied-to-user-before-flush',
    aliases: [],
    title: 'v4.0..v5.6: the bits are copied to userspace before the flush; the ioctl returns after it',
    status: 'before',
    kernel: { commit: '0dff084607bd', version: 'v4.0..v5.6', function: 'kvm_vm_ioctl_get_dirty_log' },
    about:
      'The flush was left to the caller of kvm_get_dirty_log_protect(), which copies to userspace itself. It makes no difference as long as userspace waits for the ioctl.',
    scenarios: [ONE],
    patches: [move('DL.6', { before: 'DL.5' })],
    expect: [],
  },
  {
    id: 'log-flushed-under-lock',
    aliases: [],
    title: 'v3.4..v3.15: the TLBs are flushed before mmu_lock is dropped',
    status: 'before',
    kernel: { commit: '198c74f43f0f', version: 'v3.4..v3.15', function: 'kvm_vm_ioctl_get_dirty_log' },
    about:
      'Safe, and mmu_lock is held while all vCPUs are waited for. "KVM: MMU: flush tlb out of mmu lock when write-protect the sptes" moved it out.',
    scenarios: [ONE, TABLE],
    patches: [move('DL.5', { before: 'DL.4' })],
    expect: [],
  },
  {
    id: 'log-not-flushed',
    aliases: [],
    title: 'a pass write-protects and does not flush',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about: 'The guest goes on writing with what it has cached.',
    scenarios: [ONE, CLEAR],
    patches: [drop('DL.5/flush')],
    expect: [...missingIn(ONE, CLEAR), ...[ONE, CLEAR].flatMap((s) => vacuous(NO_FLUSH, s, UNNOTICED))],
  },
  {
    id: 'log-flushed-before-write-protect',
    aliases: [],
    title: 'a pass flushes the TLBs first and clears W second',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about: 'Between the two the guest caches the writable translation again.',
    scenarios: [ONE, CLEAR],
    patches: [move('DL.5', { before: 'DL.3' })],
    expect: missingIn(ONE, CLEAR),
  },
  {
    id: 'log-not-write-protected',
    aliases: [],
    title: 'a pass takes the bits and leaves the SPTEs writable',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_write_protect_pt_masked' },
    about: 'DL.3 left out: after the flush the guest caches the writable SPTE again.',
    scenarios: [ONE, CLEAR],
    patches: [drop('DL.3')],
    expect: missingIn(ONE, CLEAR),
  },
  {
    id: 'bits-taken-before-lock',
    aliases: [],
    title: 'the bits are exchanged first, and mmu_lock is taken second',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'As shadow-mmu.md 6.5 numbers the steps. A fault between the two sets its bit for the next pass, and its page is write-protected by this one.',
    scenarios: [ONE, FAST],
    patches: [move('DL.1', { before: 'DL.2' })],
    expect: [],
  },
  {
    id: 'bits-taken-after-write-protect',
    aliases: ['H9-locked'],
    title: 'the SPTEs are write-protected first and the bits taken second, all under mmu_lock',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'mmu_lock keeps out the faults that would set a bit in between; but a fast page fault does not take it. Its bit is taken, and its SPTE stays writable.',
    scenarios: [ONE, FAST],
    patches: PROTECT_FIRST,
    expect: missingIn(FAST),
  },
  {
    id: 'bits-taken-after-unlock',
    aliases: ['H9'],
    title: 'the SPTEs are write-protected under mmu_lock, and the bits taken afterwards without it',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'A fault in between makes the page writable and sets the bit, which is taken, and reported, too soon.',
    scenarios: [ONE],
    patches: [...PROTECT_FIRST, move('DL.4', { before: 'DL.1' })],
    expect: missingIn(ONE),
  },
  {
    id: 'bits-taken-after-flush',
    aliases: [],
    title: 'the SPTEs are write-protected and the TLBs flushed, and the bits taken after that',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about: 'As bits-taken-after-unlock; the flush makes the guest fault, and set the bit that is then taken.',
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
    title: 'the word of bits is read and then set to 0, instead of exchanged',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'mmu_lock keeps out the faults that set bits, but not fast page faults: a bit that is set between the two is never seen. (The word is not 0 if any other frame is dirty.)',
    scenarios: [ONE, FAST],
    patches: [replace('DL.1', ...readThenStore())],
    expect: missingIn(FAST),
  },
  {
    id: 'page-not-marked-dirty',
    aliases: [],
    title: 'a fault that makes a page writable does not set its dirty bit',
    status: 'control',
    kernel: { version: 'never merged', function: 'make_spte' },
    about: 'SET.3 left out: nobody else knows of the store.',
    scenarios: [ONE],
    patches: [drop('SET.3')],
    expect: [
      ...missingIn(ONE),
      ...vacuous(NO_FLUSH, ONE, UNNOTICED),
      ...notReached('No pass finds a dirty bit to take.', ONE, 'store-comes-before-the-flush'),
    ],
  },
  {
    id: 'emulated-store-not-marked-dirty',
    aliases: [],
    title: 'a store that KVM emulates does not set the dirty bit of its frame',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_vcpu_write_guest' },
    about: 'KVM writes through its own mapping of guest memory, which no SPTE and no TLB knows of.',
    scenarios: [TABLE],
    patches: [drop('TR.1 mark')],
    expect: missingIn(TABLE),
  },
  {
    id: 'page-marked-dirty-after-spte',
    aliases: [],
    title: 'a fault stores the writable SPTE first and sets the dirty bit second',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'make_spte' },
    about:
      'Both under mmu_lock, which a pass takes, too: another vCPU may write in between, but no pass begins there.',
    scenarios: [ONE, TWO],
    patches: [move('SET.3', { after: 'SET.4' })],
    expect: [],
  },
  {
    id: 'page-copied-before-clear',
    aliases: [],
    title: 'userspace copies the pages first and clears their bits with KVM_CLEAR_DIRTY_LOG second',
    status: 'control',
    kernel: { version: 'v5.2', function: 'host userspace' },
    about:
      'The other order is the reason for the two ioctls. What the guest writes between the copy and the clearing is in no copy and has no bit.',
    scenarios: [CLEAR],
    patches: [insert({ after: 'DLG.1' }, copyNow()), replace('DL.7', forget())],
    expect: missingIn(CLEAR),
  },
  {
    id: 'all-bits-cleared',
    aliases: [],
    title: 'KVM_CLEAR_DIRTY_LOG clears the bits that are set, not those that userspace names',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_clear_dirty_log_protect' },
    about: 'A page that became dirty since KVM_GET_DIRTY_LOG is never reported.',
    scenarios: [CLEAR],
    patches: [replace('DLC.1', clearAll())],
    expect: missingIn(CLEAR),
  },
  {
    id: 'table-flushed-only-if-writable',
    aliases: ['wrprot-flush-after-unlock'],
    title:
      '..v3.3: who shadows a table flushes only if an SPTE of it is writable, and the dirty log flushes after unlocking',
    status: 'before',
    kernel: { commit: '6dbf79e7164e', version: '..v3.3', function: 'kvm_vm_ioctl_get_dirty_log' },
    about:
      'A pass has cleared W, and not flushed yet: the creator of the shadow page finds nothing to do, and another vCPU still writes to the table. Entry D1 of the catalogue. Today MMU-writable says that a flush may still be owed.',
    scenarios: [TABLE],
    patches: [replace('GET.11', protectIfWritable())],
    expect: violated(TABLE, 'no-writable-tlb-entry-of-a-synced-table'),
  },
  {
    id: 'table-flushed-only-if-writable-log-flushed-under-lock',
    aliases: [],
    title: 'v3.4: as table-flushed-only-if-writable, and the dirty log flushes before it drops mmu_lock',
    status: 'before',
    kernel: { commit: '6dbf79e7164e', version: 'v3.4', function: 'kvm_vm_ioctl_get_dirty_log' },
    about:
      'The fix: "KVM: Fix write protection race during dirty logging". An SPTE without W is then in no TLB with it.',
    scenarios: [TABLE],
    patches: [replace('GET.11', protectIfWritable()), move('DL.5', { before: 'DL.4' })],
    expect: [],
  },
]
