import { alwaysRetry, hintUnderLock, readIfDirect } from '../../kernels/shadow/one-retry.ts'
import { drop, replace } from '../../language/patch.ts'
import { nextPage, readHint } from '../../machines/shadow/unprotect.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design, Expectation } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'
import { neverFails } from '../older-kernels.ts'

/**
 * Question seed-000, "Clean up indirect_shadow_pages usage": a vCPU that cannot emulate a store to a write-protected
 * gfn reads indirect_shadow_pages before it unprotects the gfn. Must it hold mmu_lock for the read? H0 to H3 are the
 * variants in docs/kvm/history.md; H3 is upstream.
 *
 * All of them are equally safe: even H0 drops the lock between the read and the unprotect. A wrong hint costs a
 * needless lock (a page was zapped since) or one more fault (a page was built since).
 *
 * All reach the same states of the MMU while mmu_lock is free (explorer/gate/unprotect-hint.test.ts). Without the
 * lock a vCPU can also resume while another thread holds it, and have passed kvm_check_request() when that thread
 * sends a request; the final check before VM-entry catches it.
 */

const DIRECT = 'unprotect-retry'
const INDIRECT = 'unprotect-retry-indirect'
const WRONG = 'wrong-hint-of-a-retry'
const INSTEAD = 'unprotect-instead-of-emulating'
const fn = 'reexecute_instruction'

/** Before v6.12 an instruction that cannot be emulated is retried without limit. */
const unlimitedRetries = [replace<Kvm>('WP.1', alwaysRetry()), drop<Kvm>('UP.4')]

/** Properties and witnesses that are vacuous or not reached if the hint is always 0. */
const NEVER_UNPROTECTED: readonly Expectation[] = [
  ...notReached('The hint is always 0.', DIRECT, 'hint-promises-a-page-just-zapped'),
  ...[DIRECT, INDIRECT].flatMap((scenario) =>
    vacuous('mmu_lock is taken only if the hint is not 0.', scenario, 'no-needless-lock'),
  ),
  ...vacuous(
    'Nothing else zaps a page here: no root becomes obsolete.',
    INDIRECT,
    'no-stale-root-used',
    'no-guest-on-a-root-after-its-request',
  ),
  ...vacuous(
    'The store to the write-protected gfn is the only access in this scenario. It never succeeds, so no TLB entry is cached.',
    INDIRECT,
    'no-flush-debt-at-unlock',
  ),
]

export const unprotectDesigns: readonly Design<Kvm>[] = [
  {
    id: 'unprotected-if-a-page-is-found',
    aliases: [],
    title: '..v6.11: count any page that was found as unprotected, also a root in use',
    status: 'before',
    kernel: { version: '..v6.11', function: 'kvm_mmu_unprotect_page' },
    about:
      'kvm_mmu_unprotect_page() returned 1 for any page. Equally safe: the root in use is zapped all the same, and the guest retries where later kernels emulate.',
    scenarios: [INSTEAD],
    kernels: ['6.12', '7.2'],
    patches: [replace('UP.3', nextPage('found'))],
    expect: notReached(
      'The guest retries whenever a page was found.',
      INSTEAD,
      'zapped-root-in-use-is-emulated',
    ),
  },
  {
    id: 'unprotect-hint-read-under-lock',
    aliases: ['H0'],
    title: 'before v6.9: take mmu_lock to read indirect_shadow_pages, and again to unprotect',
    status: 'before',
    kernel: { version: '..v6.8', function: fn },
    about:
      'The lock is dropped between reading and using the counter, so it protects nothing. An indirect MMU always takes it to unprotect, without reading the counter.',
    scenarios: [DIRECT, INDIRECT],
    kernels: ['6.12', '7.2'],
    patches: [...unlimitedRetries, replace('UP.1', ...hintUnderLock())],
    expect: [...violated(DIRECT, 'no-needless-lock'), ...neverFails(DIRECT), ...neverFails(INDIRECT)],
  },
  {
    id: 'unprotect-hint-without-lock-for-direct',
    aliases: ['H1'],
    title: 'question seed-000, patch 1: read indirect_shadow_pages without mmu_lock on a direct MMU',
    status: 'before',
    kernel: { commit: '474b99ed703b', version: 'v6.9', function: fn },
    about:
      '474b99ed703b ("KVM: x86/mmu: Don\'t acquire mmu_lock when using indirect_shadow_pages as a heuristic"). An indirect MMU still unprotects without reading the counter.',
    scenarios: [DIRECT, INDIRECT],
    kernels: ['6.12', '7.2'],
    patches: [...unlimitedRetries, replace('UP.1', readIfDirect(), readHint())],
    expect: [...neverFails(DIRECT), ...neverFails(INDIRECT)],
  },
  {
    id: 'unprotect-hint-without-lock',
    aliases: ['H2', 'N1'],
    title: 'question seed-000, patch 2: read indirect_shadow_pages without mmu_lock on every MMU',
    status: 'before',
    kernel: { commit: '515c18a64e70', version: 'v6.9..v6.11', function: fn },
    about:
      '515c18a64e70 ("KVM: x86: Drop dedicated logic for direct MMUs in reexecute_instruction()"). On an indirect MMU the counter is not zero while one of its tables is shadowed, so reading it makes no difference there.',
    scenarios: [DIRECT, INDIRECT, WRONG],
    kernels: ['6.12', '7.2'],
    patches: [...unlimitedRetries],
    expect: [
      ...neverFails(DIRECT),
      ...neverFails(INDIRECT),
      ...notReached('Retries are unlimited.', WRONG, 'wrong-hint-ends-in-an-emulation-failure'),
    ],
  },
  {
    id: 'unprotect-without-hint',
    aliases: [],
    title: 'take mmu_lock to unprotect without reading indirect_shadow_pages',
    status: 'control',
    kernel: { version: 'never merged', function: '__kvm_mmu_unprotect_gfn_and_retry' },
    about: 'Safe, but takes the lock for every store that KVM cannot emulate.',
    scenarios: [DIRECT],
    kernels: ['6.12', '7.2'],
    patches: [drop('UP.1')],
    expect: violated(DIRECT, 'no-needless-lock'),
  },
  {
    id: 'unprotect-hint-always-no',
    aliases: [],
    title: 'assume that indirect_shadow_pages is always 0',
    status: 'control',
    kernel: { version: 'never merged', function: '__kvm_mmu_unprotect_gfn_and_retry' },
    about:
      'No safety property depends on the hint (I-28), although it is wrong most of the time. But the gfn is never unprotected: the only retry is wasted, and the second fault is an emulation failure.',
    scenarios: [DIRECT, INDIRECT, WRONG],
    kernels: ['6.12', '7.2'],
    patches: [
      replace(
        'UP.1',
        readHint(() => false),
      ),
    ],
    expect: [
      ...violated(DIRECT, 'emulation-fails-only-when-shadowed-again'),
      ...violated(INDIRECT, 'emulation-fails-only-when-shadowed-again'),
      ...NEVER_UNPROTECTED,
    ],
  },
  {
    id: 'unprotect-hint-always-no-retried-for-ever',
    aliases: ['N1-mutant'],
    title: 'assume that indirect_shadow_pages is always 0, with unlimited retries',
    status: 'control',
    kernel: { version: 'never merged', function: fn },
    about: 'The gfn is never unprotected, and the vCPU takes the same fault forever.',
    scenarios: [DIRECT, INDIRECT, WRONG],
    kernels: ['6.12', '7.2'],
    patches: [
      ...unlimitedRetries,
      replace(
        'UP.1',
        readHint(() => false),
      ),
    ],
    expect: [
      ...violated(DIRECT, 'every-access-can-finish'),
      ...violated(INDIRECT, 'every-access-can-finish'),
      ...violated(WRONG, 'wrong-hint-costs-one-fault', 'wrong-hint-is-repaired'),
      ...notReached('Retries are unlimited.', WRONG, 'wrong-hint-ends-in-an-emulation-failure'),
      ...NEVER_UNPROTECTED,
      ...neverFails(DIRECT),
      ...neverFails(INDIRECT),
    ],
  },
]
