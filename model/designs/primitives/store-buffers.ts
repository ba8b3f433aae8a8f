import { drop, move } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated, violatedBecause } from '../expectation.ts'

/**
 * Full barriers between a store and a load of another location (shadow-mmu.md 1.5, 12.1 W0..W3;
 * tdp-notifier-requests.md 1.6 D1, D2; Appendix B: B26, B32). Without store buffers all of them are safe.
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
    title:
      'before v6.9: no barrier between counting a page and reading the entry, nor between writing and asking',
    status: 'before',
    kernel: { version: '..v6.8', function: 'kvm_mmu_track_write' },
    about:
      'Both stores wait in a store buffer while both loads run ahead: the fault handler reads the old entry, the emulator reads that nothing is shadowed. The page counts as in sync, so nothing ever reads the entry again.',
    scenarios: TRACK,
    patches: [drop('GET.8'), drop('TR.2')],
    expect: trackFails,
  },
  {
    id: 'track-write-barrier-before-counting',
    aliases: ['W1'],
    title: 'patch 4 of seed 000 as mailed (v2): the barrier comes before the page is counted',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about:
      'The load that must not run ahead comes after the count, so the barrier has to come in between (review of v2).',
    scenarios: TRACK,
    patches: [move('GET.8', { before: 'GET.7' })],
    expect: trackFails,
  },
  {
    id: 'track-write-barrier-of-the-writer-only',
    aliases: ['W3', 'W3-writer'],
    title: 'only the emulator has a barrier',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about: 'One barrier is no barrier: the other side still reads ahead of its own store.',
    scenarios: TRACK,
    patches: [drop('GET.8')],
    expect: trackFails,
  },
  {
    id: 'track-write-barrier-of-the-creator-only',
    aliases: ['W3-creator'],
    title: 'only the fault handler has a barrier',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_track_write' },
    about: 'As track-write-barrier-of-the-writer-only, the other way round.',
    scenarios: TRACK,
    patches: [drop('TR.2')],
    expect: trackFails,
  },
  {
    id: 'entry-without-barrier',
    aliases: ['B32', 'E1'],
    title: 'no barrier between vcpu->mode = IN_GUEST_MODE and the check for requests',
    status: 'candidate',
    kernel: { commit: '6b7e2d099148', version: 'never merged', function: 'vcpu_enter_guest' },
    about:
      'The sender sees the vCPU outside guest mode and sends no IPI; the vCPU has looked for requests too early and enters the guest.',
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
        'The documents list I-13 as well. As worded, it holds: the request is pending, only nobody tells the vCPU. That the vCPU is on the root after the request has returned says the same.',
      ),
    ],
  },
  {
    id: 'lockless-walk-without-barrier',
    aliases: ['lost-walk'],
    title: 'no barrier between vcpu->mode = READING_SHADOW_PAGE_TABLES and the walk',
    status: 'candidate',
    kernel: { commit: 'c142786c6291', version: 'never merged', function: 'walk_shadow_page_lockless_begin' },
    about:
      'Who frees pages sees the vCPU outside guest mode and does not wait for it, although it is reading already.',
    scenarios: ['lockless-walk-dekker', 'commit-before-flush'],
    patches: [drop('LW.2 mb')],
    expect: violated('lockless-walk-dekker', 'no-use-after-free', 'no-walk-of-a-freed-page'),
  },
]
