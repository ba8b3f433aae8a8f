import { drop, move, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { staleCheck } from '../../machines/fault/page-fault.ts'
import {
  type ObsoleteTest,
  testCurrentRoot,
  testPrevRoots,
} from '../../machines/roots/free-obsolete-roots.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { CURRENT } from '../../memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../memory/shadow/shadow-page.ts'
import type { Design } from '../design.ts'
import { onKernels, vacuous, violated, violatedBecause } from '../expectation.ts'
import { neverFails } from '../older-kernels.ts'

/**
 * Question seed-002, "Zap only obsolete roots if a root shadow page is zapped": which request is sent when, and
 * which roots do the vCPUs drop? R0 to R5 and A to H are the variants in docs/kvm/history.md.
 */

const everyRoot: ObsoleteTest = () => true
const byGenerationOnly: ObsoleteTest = (kvm, page) => kvm.page[page].mmu_valid_gen !== kvm.mmu_valid_gen

const ZAP_ONE = ['roots-zap-one', 'roots-zap-one-two-vcpus']
const ROOTS = ['roots-zap-all', 'roots-zap-all-unbroken', ...ZAP_ONE]

const ROOTS_LEFT_BEFORE_THE_MARK =
  'When the request returns, every vCPU is outside the guest and drops all its roots before it enters again. Loading a root takes mmu_lock, which the zapper holds until the old root is marked.'
const HANDLER_WAITS_FOR_THE_MARK =
  'When the request returns, every vCPU is outside the guest, and before it enters again its handler takes mmu_lock, which the zapper holds until the root is marked.'

export const obsoleteRootDesigns: readonly Design<Kvm>[] = [
  {
    id: 'reload-all-roots',
    aliases: ['R0', 'A', 'B3'],
    title: 'before v5.18: KVM_REQ_MMU_RELOAD drops all roots of every vCPU',
    status: 'before',
    kernel: { version: '..v5.17', function: 'kvm_mmu_unload' },
    about:
      'The handler does not check role.invalid, so it does not matter that the request is sent before the root is marked. Safe but wasteful: every zapped root costs every vCPU all its roots.',
    scenarios: ROOTS,
    patches: [
      only('zapper', move('ZAP.9', { before: 'ZAP.8' })),
      replace('OB.1', testCurrentRoot(everyRoot)),
      replace('OB.1 prev', testPrevRoots(everyRoot)),
    ],
    expect: [
      ...ROOTS.flatMap((s) => violated(s, 'only-obsolete-roots-freed')),
      ...ZAP_ONE.flatMap((s) => vacuous(ROOTS_LEFT_BEFORE_THE_MARK, s, 'no-stale-root-used')),
    ],
  },
  {
    id: 'reload-all-roots-marked-first',
    aliases: ['D'],
    title: 'mark the root invalid before sending the request, but drop all roots as before v5.18',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_unload' },
    about: 'As reload-all-roots with the order of v5.18: safe but wasteful.',
    scenarios: ROOTS,
    patches: [replace('OB.1', testCurrentRoot(everyRoot)), replace('OB.1 prev', testPrevRoots(everyRoot))],
    expect: ROOTS.flatMap((s) => violated(s, 'only-obsolete-roots-freed')),
  },
  {
    id: 'prev-roots-tested-by-current',
    aliases: ['R1', 'B2', 'A5'],
    title: 'as shipped in v5.18: the loop over previous roots tests the current root each time',
    status: 'bug',
    kernel: { commit: '527d5cd7eece', version: 'v5.18', function: '__kvm_mmu_free_obsolete_roots' },
    about:
      'A previous root is dropped if and only if the current one is obsolete. With a CR3 switch at the right moment an obsolete root stays cached after its request was serviced, and the guest can switch back to it. Fixed by cf4a8693d97a ("Check every prev_roots in __kvm_mmu_free_obsolete_roots()") in v5.19.',
    scenarios: ['roots-zap-all', 'roots-zap-all-unbroken', 'roots-zap-one'],
    patches: [
      replace(
        'OB.1 prev',
        testPrevRoots(is_obsolete_sp, () => CURRENT),
      ),
    ],
    expect: [
      ...violated('roots-zap-all', 'no-stale-root-used', 'no-guest-on-a-root-after-its-request'),
      ...violated('roots-zap-all', 'no-obsolete-root-kept', 'every-access-can-finish'),
      ...violated('roots-zap-all-unbroken', 'no-obsolete-root-kept'),
      ...violated('roots-zap-one', 'no-obsolete-root-kept', 'only-obsolete-roots-freed'),
    ],
  },
  {
    id: 'request-before-invalid',
    aliases: ['R3', 'C', 'B1', 'A4'],
    title: 'request first, mark the root invalid second',
    status: 'candidate',
    kernel: { version: 'never merged', function: '__kvm_mmu_prepare_zap_page' },
    about:
      'The order of v5.17 with the handler of v5.18, which the comment added by 527d5cd7eece warns about: a vCPU services the request before the root is marked, keeps the root, and gets no other request.',
    scenarios: ['roots-zap-one', 'unprotect-retry-indirect', 'write-flooding'],
    patches: [move('ZAP.9', { before: 'ZAP.8' })],
    expect: [
      ...onKernels(['6.1'], ...neverFails('unprotect-retry-indirect')),
      ...violated('roots-zap-one', 'no-stale-root-used', 'no-guest-on-a-root-after-its-request'),
      ...violated('roots-zap-one', 'no-obsolete-root-kept', 'every-access-can-finish'),
      ...violated(
        'unprotect-retry-indirect',
        'no-stale-root-used',
        'no-guest-on-a-root-after-its-request',
        'no-obsolete-root-kept',
      ),
      ...violated('write-flooding', 'no-stale-root-used', 'no-guest-on-a-root-after-its-request'),
      ...violated('write-flooding', 'no-obsolete-root-kept', 'every-access-can-finish'),
      ...violated('roots-zap-one', 'no-flush-debt-at-unlock'),
    ],
  },
  {
    id: 'request-before-invalid-tested-under-lock',
    aliases: ['R4'],
    title: 'request first, mark the root second, but test roots under mmu_lock',
    status: 'control',
    kernel: { version: 'never merged', function: '__kvm_mmu_free_obsolete_roots' },
    about:
      'The zapper holds mmu_lock from the request to the mark, so a handler that takes the lock first cannot test too early. Safe; costs the lock on every request.',
    scenarios: ZAP_ONE,
    patches: [move('ZAP.9', { before: 'ZAP.8' }), move('RUN.1/FR.2', { before: 'OB.1' }), drop('RUN.1/FR.1')],
    expect: ZAP_ONE.flatMap((s) => vacuous(HANDLER_WAITS_FOR_THE_MARK, s, 'no-stale-root-used')),
  },
  {
    id: 'obsolete-test-ignores-invalid',
    aliases: ['R5', 'B5', 'A6'],
    title: 'test only the generation in is_obsolete_sp()',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'is_obsolete_sp' },
    about:
      'Zapping a single root changes no generation, so that root is never found obsolete. And the generation has one bit: after a second zap-all a root zapped by the first looks current again (ABA).',
    scenarios: ['roots-zap-all', 'roots-zap-all-unbroken', 'roots-zap-one', 'two-zap-alls'],
    patches: [
      replace('OB.1', testCurrentRoot(byGenerationOnly)),
      replace('OB.1 prev', testPrevRoots(byGenerationOnly)),
      replace('PF.12', staleCheck(byGenerationOnly)),
    ],
    expect: [
      ...violated('roots-zap-one', 'no-stale-root-used', 'no-leaf-below-an-obsolete-root'),
      ...violated('roots-zap-one', 'no-guest-on-a-root-after-its-request', 'no-obsolete-root-kept'),
      ...vacuous(
        'Zapping a single root changes no generation: the handler finds no root obsolete, and drops none.',
        'roots-zap-one',
        'only-obsolete-roots-freed',
      ),
      ...violated('two-zap-alls', 'no-stale-root-used', 'no-leaf-below-an-obsolete-root'),
      ...violated('two-zap-alls', 'no-guest-on-a-root-after-its-request', 'no-obsolete-root-kept'),
      ...violated('roots-zap-one', 'no-flush-debt-at-unlock'),
      ...violated('two-zap-alls', 'no-flush-debt-at-unlock'),
    ],
  },
  {
    id: 'bit-cleared-after-handling',
    aliases: ['E'],
    title: 'clear the request bit after testing the roots',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_check_request' },
    about: 'A second request that arrives while the first is serviced is cleared with it.',
    scenarios: ['roots-zap-one', 'roots-two-zappers'],
    patches: [move('RUN.1/K2', { after: 'RUN.1/FR.end' })],
    expect: [
      ...violated('roots-two-zappers', 'no-stale-root-used', 'no-guest-on-a-root-after-its-request'),
      ...violated('roots-two-zappers', 'no-obsolete-root-kept', 'every-access-can-finish'),
    ],
  },
  {
    id: 'request-without-wait',
    aliases: ['F'],
    title: 'send the request without waiting until the vCPUs have left guest mode',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_make_all_cpus_request' },
    about:
      'Without KVM_REQUEST_WAIT the vCPU leaves the root a little later. That alone is harmless, but zapping without TLB flushes relies on the wait.',
    scenarios: ['roots-zap-one'],
    patches: [drop('ZAP.9/request/REQ.5')],
    expect: [
      ...violated('roots-zap-one', 'no-guest-on-a-root-after-its-request'),
      ...violated('roots-zap-one', 'no-flush-debt-at-unlock'),
    ],
  },
  {
    id: 'request-after-unlock',
    aliases: ['G'],
    title: 'mark the root under mmu_lock, send the request after dropping it',
    status: 'candidate',
    kernel: { version: 'never merged', function: '__kvm_mmu_prepare_zap_page' },
    about:
      'Between the unlock and the request a vCPU can run on the zapped root with no request pending. Acceptable for a single root, but not if zapping continues in that window.',
    scenarios: ['roots-zap-one'],
    patches: [move('ZAP.9', { after: 'ZAP.unlock' })],
    expect: [
      {
        scenario: 'roots-zap-one',
        property: 'no-stale-root-used',
        verdict: 'violated',
        note: 'The window between unlock and request; harmless for a single root, because nothing is zapped in it.',
      },
      violatedBecause(
        'roots-zap-one',
        'no-flush-debt-at-unlock',
        'The vCPU still uses the root when mmu_lock is dropped; harmless for a single root, as above.',
      ),
    ],
  },
  {
    id: 'invalid-in-store-buffer',
    aliases: ['H'],
    title:
      'x86-TSO: store role.invalid through the store buffer, drained by the LOCK that sets the request bit',
    status: 'control',
    kernel: { version: 'v5.18', function: '__kvm_mmu_prepare_zap_page' },
    about:
      'Safe: the mark becomes visible no later than the locked instruction that sets the request bit, so the handler sees it.',
    scenarios: ['roots-zap-one'],
    patches: [only('zapper', replace('ZAP.8', bufferedMark(), drainedMark()))],
    expect: [],
  },
]

/** The store is executed, but waits in the store buffer of the zapper's CPU. */
function bufferedMark() {
  const shows = 'sp->role.invalid = 1 (in the store buffer)'
  return step<Kvm>('ZAP.8', { fn: '__kvm_mmu_prepare_zap_page', shows })
}

/** The store reaches memory, at the latest when the next locked instruction drains the buffer. */
function drainedMark() {
  const shows = 'store buffer drains: sp->role.invalid = 1'
  return step<Kvm>(
    'ZAP.8 drain',
    { fn: '__kvm_mmu_prepare_zap_page', shows },
    {
      does: (kvm, self) => {
        kvm.page[kvm.zapper[self].sp as number].role_invalid = true
      },
    },
  )
}
