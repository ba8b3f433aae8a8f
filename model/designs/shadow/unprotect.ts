import { drop, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { write_lock, write_unlock } from '../../machines/primitives/lock.ts'
import { readHint } from '../../machines/shadow/unprotect.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { sp_has_gptes } from '../../memory/shadow/shadow-page.ts'
import type { Design, Expectation } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'

/**
 * Seed 000, "Clean up indirect_shadow_pages usage": a vCPU that cannot emulate a store to a protected frame
 * asks whether anything is shadowed at all before it unprotects the frame. Must it hold mmu_lock to ask?
 * Variants and verdicts: shadow-mmu.md 12.1 (H0..H3), bug-catalogue.md N1.
 *
 * Safety is the same for all: already H0 drops the lock between asking and unprotecting. A hint that is
 * wrong costs a needless lock (seen, but zapped since) or one more fault (built since).
 *
 * The documents say that the reachable shared states are the same. They are, of the MMU and while mmu_lock is
 * free (explorer/gate/unprotect-hint.test.ts). Without the lock a vCPU can also resume while another thread is
 * inside, and so be past its look at the requests when that thread makes one; the final check catches it.
 */

const DIRECT = 'unprotect-retry'
const INDIRECT = 'unprotect-retry-indirect'
const WRONG = 'wrong-hint-of-a-retry'
const fn = 'reexecute_instruction'
const about = { fn, since: '..v6.8' }

/** Before v6.12 an instruction that cannot be emulated is retried as often as it takes. */
const retryForEver = [replace<Kvm>('WP.1', alwaysRetry()), drop<Kvm>('UP.4')]

const UNBOUNDED = 'Nothing bounds the retries before v6.12, so userspace is never told.'
const neverFails = (scenario: string): Expectation[] => [
  ...notReached(UNBOUNDED, scenario, 'emulation-failure-is-reported'),
  ...vacuous(UNBOUNDED, scenario, 'emulation-fails-only-when-shadowed-again'),
]

/** What a hint that always says no leaves without anything to judge. */
const NEVER_UNPROTECTED: readonly Expectation[] = [
  ...notReached('The hint promises nothing.', DIRECT, 'hint-promises-a-page-just-zapped'),
  ...[DIRECT, INDIRECT].flatMap((scenario) =>
    vacuous('The lock is taken only when the hint says yes.', scenario, 'no-needless-lock'),
  ),
  ...vacuous(
    'Nothing else zaps a page here: no root becomes obsolete.',
    INDIRECT,
    'no-stale-root-used',
    'no-guest-on-a-root-after-its-request',
  ),
  ...vacuous(
    'The store to the protected frame is the only access here. It is never let through, so no TLB is ever filled.',
    INDIRECT,
    'no-flush-debt-at-unlock',
  ),
]

export const unprotectDesigns: readonly Design<Kvm>[] = [
  {
    id: 'unprotect-hint-read-under-lock',
    aliases: ['H0'],
    title: 'before v6.9: mmu_lock is taken to read indirect_shadow_pages, and again to unprotect',
    status: 'before',
    kernel: { version: '..v6.8', function: fn },
    about:
      'The lock is dropped between reading and using the count, so it protects nothing. An indirect MMU takes it for unprotecting in any case, without asking.',
    scenarios: [DIRECT, INDIRECT],
    patches: [...retryForEver, replace('UP.1', ...hintUnderLock())],
    expect: [...violated(DIRECT, 'no-needless-lock'), ...neverFails(DIRECT), ...neverFails(INDIRECT)],
  },
  {
    id: 'unprotect-hint-without-lock-for-direct',
    aliases: ['H1'],
    title: 'patch 1 of seed 000: a direct MMU reads indirect_shadow_pages without mmu_lock',
    status: 'before',
    kernel: { commit: '474b99ed703b', version: 'v6.9', function: fn },
    about:
      '"KVM: x86/mmu: Don\'t acquire mmu_lock when using indirect_shadow_pages as a heuristic". An indirect MMU still unprotects without asking.',
    scenarios: [DIRECT, INDIRECT],
    patches: [...retryForEver, replace('UP.1', askIfDirect(), readHint())],
    expect: [...neverFails(DIRECT), ...neverFails(INDIRECT)],
  },
  {
    id: 'unprotect-hint-without-lock',
    aliases: ['H2', 'N1'],
    title: 'patch 2 of seed 000: every MMU reads indirect_shadow_pages without mmu_lock',
    status: 'before',
    kernel: { commit: '515c18a64e70', version: 'v6.9..v6.11', function: fn },
    about:
      '"KVM: x86: Drop dedicated logic for direct MMUs in reexecute_instruction()". With an indirect MMU the count is not zero while a table of its own is shadowed, so nothing is lost by asking, and nothing won.',
    scenarios: [DIRECT, INDIRECT, WRONG],
    patches: [...retryForEver],
    expect: [...neverFails(DIRECT), ...neverFails(INDIRECT)],
  },
  {
    id: 'unprotect-without-hint',
    aliases: [],
    title: 'mmu_lock is taken for unprotecting without asking whether anything is shadowed',
    status: 'control',
    kernel: { version: 'never merged', function: '__kvm_mmu_unprotect_gfn_and_retry' },
    about: 'As if the hint always said yes: safe, and a lock for every store that cannot be emulated.',
    scenarios: [DIRECT],
    patches: [drop('UP.1')],
    expect: violated(DIRECT, 'no-needless-lock'),
  },
  {
    id: 'unprotect-hint-always-no',
    aliases: [],
    title: 'the hint always says that nothing is shadowed',
    status: 'control',
    kernel: { version: 'never merged', function: '__kvm_mmu_unprotect_gfn_and_retry' },
    about:
      'Harmless for memory, although it is wrong most of the time: no safety property rests on the hint (I-28). But the frame is never unprotected: the retry is spent for nothing and the second fault is the end.',
    scenarios: [DIRECT, INDIRECT, WRONG],
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
    title: 'the hint always says that nothing is shadowed, and retries are not bounded',
    status: 'control',
    kernel: { version: 'never merged', function: fn },
    about: 'The mutant of control N1: the vCPU takes the same fault for ever.',
    scenarios: [DIRECT, INDIRECT],
    patches: [
      ...retryForEver,
      replace(
        'UP.1',
        readHint(() => false),
      ),
    ],
    expect: [
      ...violated(DIRECT, 'every-access-can-finish'),
      ...violated(INDIRECT, 'every-access-can-finish'),
      ...NEVER_UNPROTECTED,
      ...neverFails(DIRECT),
      ...neverFails(INDIRECT),
    ],
  },
]

function alwaysRetry() {
  return step<Kvm>(
    'WP.1',
    { fn: 'kvm_mmu_page_fault', since: '..v6.11', shows: 'emulate, EMULTYPE_ALLOW_RETRY_PF' },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].fault.may_retry = true
      },
    },
  )
}

function isDirect(kvm: Kvm, v: number): boolean {
  return !sp_has_gptes(kvm, kvm.vcpu[v].root as number)
}

function askIfDirect() {
  return step<Kvm>('UP.0', { ...about, shows: (kvm, v) => `root_role.direct = ${isDirect(kvm, v)}` }, [
    { when: isDirect },
    { to: 'UP.3 lock' },
  ])
}

function hintUnderLock() {
  return [
    askIfDirect(),
    write_lock('UP.1 lock', 'vcpu', about),
    step<Kvm>(
      'UP.1',
      { ...about, shows: (kvm) => `indirect_shadow_pages = ${kvm.indirect_shadow_pages}` },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].fault.hint = kvm.indirect_shadow_pages > 0
        },
      },
    ),
    write_unlock('UP.1 unlock', about),
    step<Kvm>('UP.1 test', { ...about, shows: (kvm, v) => `if (${kvm.vcpu[v].fault.hint})` }, [
      { when: (kvm, v) => kvm.vcpu[v].fault.hint },
      { to: 'RX.3' },
    ]),
  ]
}
