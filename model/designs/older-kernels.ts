import type { Expectation } from './design.ts'
import { notReached, onKernels, vacuous, violated, violatedBecause } from './expectation.ts'

const UNBOUNDED = 'Before v6.12 retries are unlimited, so no emulation failure is reported.'

const READ_LOCKED = '6.1 reads indirect_shadow_pages under mmu_lock.'

/** A store that cannot be emulated is retried without limit in 6.1. */
export const neverFails = (scenario: string): readonly Expectation[] => [
  ...notReached(UNBOUNDED, scenario, 'emulation-failure-is-reported'),
  ...vacuous(UNBOUNDED, scenario, 'emulation-fails-only-when-shadowed-again'),
]

/** What upstream does not keep, or reach, in the kernels before the newest (docs/kvm/known-bugs.md). */
export const olderKernels: readonly Expectation[] = [
  ...onKernels(
    ['6.12'],
    ...violated('prefault-loop', 'no-fault-retried-for-ever'),
    ...violated('prefault-slot-delete', 'zap-all-can-finish'),
  ),
  ...onKernels(
    ['6.1', '6.12'],
    ...notReached('The zap waits for mmu_lock instead.', 'aging-rmap', 'aging-holds-back-a-zap'),
    ...notReached('The zap waits for mmu_lock instead.', 'aging-chain', 'aging-holds-back-a-zap'),
    ...vacuous('Aging holds mmu_lock and locks no rmap.', 'aging-chain', 'locked-rmap-does-not-change'),
    ...notReached(
      'The notifier waits for mmu_lock instead.',
      'aging-notifier',
      'aging-holds-back-a-notifier',
    ),
    ...vacuous('Aging holds mmu_lock and locks no rmap.', 'aging-notifier', 'locked-rmap-does-not-change'),
  ),
  ...onKernels(
    ['6.1'],
    ...notReached(
      'The witness looks at the test before mmu_lock is taken, which 6.1 does not have.',
      'fault-copy-on-write',
      'fault-is-retried-for-its-own-notifier',
    ),
    ...notReached(
      'mmu_lock is kept while a range is unmapped.',
      'range-notifier',
      'range-is-unmapped-in-two-sections',
    ),
    ...neverFails('unprotect-retry'),
    ...neverFails('unprotect-retry-indirect'),
    ...violated('unprotect-retry', 'no-needless-lock'),
    ...vacuous(READ_LOCKED, 'wrong-hint-of-a-retry', 'wrong-hint-costs-one-fault', 'wrong-hint-is-repaired'),
    ...notReached(
      READ_LOCKED,
      'wrong-hint-of-a-retry',
      'missed-gfn-is-zapped-by-others',
      'wrong-hint-ends-in-an-emulation-failure',
    ),
    ...violated('unprotect-instead-of-emulating', 'no-needless-lock'),
    violatedBecause(
      'unprotect-below-the-root',
      'every-access-can-finish',
      'A false alarm: 6.1 ends the retries with an emulation failure, by EMULTYPE_WRITE_PF_TO_SP (a store to a table of its own translation), which is not modelled.',
    ),
    ...violated('read-only-slot', 'every-access-can-finish', 'no-fault-retried-for-ever'),
    ...violated('track-write-barrier', 'synced-page-agrees', 'flushed-translation-is-not-used'),
    ...violated('wrong-hint-of-an-emulated-store', 'wrong-hint-costs-only-time'),
    ...notReached(
      'The guest is shut down instead.',
      'slot-create-root',
      'guest-runs-on-a-dummy-root',
      'dummy-root-is-replaced',
    ),
  ),
]
