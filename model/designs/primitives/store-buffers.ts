import { noBarriersAroundTheCount } from '../../kernels/primitives/barriers-around-the-count.ts'
import { drop, move } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated, violatedBecause } from '../expectation.ts'

/**
 * Missing full barriers between a store and a load of another location (docs/kvm/atomicity.md B2, B3, B5). All of
 * these designs are safe without store buffers.
 */

const TRACK = ['track-write-barrier', 'track-write-barrier-sc', 'wrong-hint-of-an-emulated-store']
const trackFails = [
  ...violated('track-write-barrier', 'synced-page-agrees', 'flushed-translation-is-not-used'),
  ...violated('wrong-hint-of-an-emulated-store', 'wrong-hint-costs-only-time'),
]

export const storeBufferDesigns: readonly Design<Kvm>[] = [
  {
    id: 'track-write-without-barriers',
    aliases: ['W0', 'C2'],
    title: 'before v6.9: no barrier on either side of kvm_mmu_track_write() and account_shadowed()',
    status: 'before',
    kernel: { version: '..v6.8', function: 'kvm_mmu_track_write' },
    about:
      'Both stores wait in store buffers while both loads run ahead: the fault handler reads the old guest entry, and the emulator reads indirect_shadow_pages as 0. The page counts as in sync, so KVM never reads the entry again.',
    scenarios: TRACK,
    kernels: ['6.12', '7.2'],
    patches: noBarriersAroundTheCount,
    expect: trackFails,
  },
  {
    id: 'track-write-barrier-before-counting',
    aliases: ['W1'],
    title: 'question seed-000, patch 4 as mailed (v2): put the barrier before the page is counted',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about: 'The barrier must be between the count and the load that follows it, as the review of v2 says.',
    scenarios: TRACK,
    kernels: ['6.12', '7.2'],
    patches: [move('GET.8', { before: 'GET.7' })],
    expect: trackFails,
  },
  {
    id: 'track-write-barrier-of-the-writer-only',
    aliases: ['W3', 'W3-writer'],
    title: 'put a barrier in kvm_mmu_track_write() only',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about: 'One barrier is not enough: on the other side the load still runs ahead of the store.',
    scenarios: TRACK,
    kernels: ['6.12', '7.2'],
    patches: [drop('GET.8')],
    expect: trackFails,
  },
  {
    id: 'track-write-barrier-of-the-creator-only',
    aliases: ['W3-creator'],
    title: 'put a barrier in account_shadowed() only',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_track_write' },
    about: 'As track-write-barrier-of-the-writer-only, with the sides swapped.',
    scenarios: TRACK,
    kernels: ['6.12', '7.2'],
    patches: [drop('TR.2')],
    expect: trackFails,
  },
  {
    id: 'entry-without-barrier',
    aliases: ['B32', 'E1'],
    title: 'drop the barrier between vcpu->mode = IN_GUEST_MODE and the check for requests',
    status: 'candidate',
    kernel: { commit: '6b7e2d099148', version: 'never merged', function: 'vcpu_enter_guest' },
    about:
      'The sender sees the vCPU outside guest mode and sends no IPI; the vCPU has checked for requests too early and enters the guest.',
    scenarios: ['entry-dekker'],
    patches: [drop('RUN.7 mb')],
    expect: [
      ...violated(
        'entry-dekker',
        'no-request-unnoticed-in-guest-mode',
        'no-guest-on-a-root-after-its-request',
      ),
      violatedBecause(
        'entry-dekker',
        'request-is-serviced',
        'The vCPU runs in the guest with a request pending and no IPI in flight. (no-stale-root-used, I-13, holds: it allows an obsolete root while a request is pending.)',
      ),
    ],
  },
  {
    id: 'lockless-walk-without-barrier',
    aliases: ['lost-walk'],
    title: 'drop the barrier between vcpu->mode = READING_SHADOW_PAGE_TABLES and the walk',
    status: 'candidate',
    kernel: { commit: 'c142786c6291', version: 'never merged', function: 'walk_shadow_page_lockless_begin' },
    about:
      'The thread that frees pages sees the vCPU outside guest mode and does not wait for it, although the walk has started.',
    scenarios: ['lockless-walk-dekker', 'commit-before-flush'],
    patches: [drop('LW.2 mb')],
    expect: violated('lockless-walk-dekker', 'no-use-after-free', 'no-walk-of-a-freed-page'),
  },
]
