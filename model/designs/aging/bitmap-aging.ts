import { only, type Patch, replace } from '../../language/patch.ts'
import { type Block, step } from '../../language/program.ts'
import { CALL } from '../../machines/aging/aging-steps.ts'
import {
  bitmapCall,
  fastOnly,
  fastOnlyNotifier,
  rmapsTestedInAdvance,
  shadowPartLocked,
  type Unreliable,
} from '../../machines/aging/bitmap-call.ts'
import { lockedCall } from '../../machines/aging/locked-call.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { vacuous, violated } from '../expectation.ts'

/**
 * Question seed-003, "Participate in bitmap-based PTE aging": what does a call report if it has looked at TDP roots
 * without mmu_lock and then meets shadow pages? The variants 3.0 to 3.6 in docs/kvm/history.md.
 */

const TWO = 'nested-aging'
const ONE = 'nested-aging-one-slot'
const TRACKED = 'nested-aging-access-tracking'
const ALL = [TWO, ONE, TRACKED]
const FROZEN = 'aging-frozen'
const SILENT = 'no-access-consumed-in-silence'
const EVICTION = 'access-is-seen-before-eviction'
const WALK = 'access-is-seen-by-the-walk'
const UNDER_LOCK = 'rmap-is-aged-under-a-lock'

const BLIND = ALL.flatMap((scenario) => violated(scenario, WALK))

const AS_MAILED: Unreliable = {
  eviction: 'under mmu_lock',
  found: 'forgotten',
  walk: 'ignored',
  rest: 'looked at',
}

const calls = (call: Block<Kvm>): Patch<Kvm>[] => [only('aging', replace(CALL, call))]

export const bitmapAgingDesigns: readonly Design<Kvm>[] = [
  {
    id: 'page-aged-under-mmu-lock',
    aliases: ['3.0'],
    title: 'until v6.14: age rmaps and TDP roots under mmu_lock',
    status: 'before',
    kernel: { version: '..v6.14', function: 'kvm_age_gfn' },
    about:
      'One answer from one section: what was cleared is reported. (MGLRU did not ask on its walk; here it does.)',
    scenarios: ALL,
    kernels: ['7.2'],
    patches: calls(lockedCall()),
    expect: [],
  },
  {
    id: 'bitmap-aging-stops-at-rmaps',
    aliases: [],
    title: 'v2 of bitmap-based aging (May 2023): stop the pass without mmu_lock at the first slot with rmaps',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_notifier_test_clear_young' },
    about:
      'As bitmap-aging, v3: the slots before are cleared, then the answer is thrown away. With one slot nothing is lost. The bit is cleared by clear_bit(), whatever the SPTE has become: as frozen-spte-aged.',
    scenarios: [...ALL, FROZEN],
    kernels: ['7.2'],
    patches: calls(bitmapCall({ ...AS_MAILED, rest: 'left out', clear: 'clears blindly' })),
    expect: [
      ...violated(TWO, SILENT, EVICTION),
      ...BLIND,
      ...violated(
        FROZEN,
        'aging-changes-the-accessed-bit-only',
        'frozen-spte-stays-frozen',
        'freed-tdp-page-maps-nothing',
      ),
    ],
  },
  {
    id: 'bitmap-aging',
    aliases: ['3.1', '3.2'],
    title:
      'question seed-003 as mailed (v3, April 2024): TDP roots without mmu_lock, "unreliable" with rmaps',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_notifier_test_clear_young' },
    about:
      'A check before eviction asks again under mmu_lock and gets an exact answer, unless the page is in two slots: the pass without the lock has cleared A in the first, rmaps appear, the second slot makes it unreliable, and what it had found is forgotten. The walk gets nothing once L1 has run a guest, and ignores that the answer was unreliable.',
    scenarios: ALL,
    kernels: ['7.2'],
    patches: calls(bitmapCall(AS_MAILED)),
    expect: [...violated(TWO, SILENT, EVICTION), ...BLIND],
  },
  {
    id: 'bitmap-aging-asks-again',
    aliases: ['3.3'],
    title: 'v3, and a walk that asks again without a bitmap if the answer was unreliable',
    status: 'control',
    kernel: { version: 'never merged', function: 'walk_pte_range' },
    about:
      'The caller that BITMAP_UNRELIABLE was made for: it sees what L2 has accessed, at the price of mmu_lock. The check before eviction is that of v3.',
    scenarios: [ONE, TWO],
    kernels: ['7.2'],
    patches: calls(bitmapCall({ ...AS_MAILED, walk: 'asks again' })),
    expect: violated(TWO, SILENT, EVICTION),
  },
  {
    id: 'bitmap-aging-returns-0',
    aliases: ['seed-003-claim', '3.4'],
    title: 'v3 as the mail of seed-003 reads it: an unreliable answer is 0',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_notifier_test_clear_young' },
    about:
      'Not what the patch does: without a bitmap it falls through to the pass under mmu_lock. Had the claim been true, a page of a VM with nested guests would be evicted while both L1 and L2 use it.',
    scenarios: [TWO, ONE],
    kernels: ['7.2'],
    patches: calls(bitmapCall({ ...AS_MAILED, eviction: 'returns 0' })),
    expect: [
      ...violated(TWO, SILENT, EVICTION, WALK),
      ...violated(ONE, EVICTION, WALK),
      ...[TWO, ONE].flatMap((s) => vacuous('No rmap is visited.', s, UNDER_LOCK)),
    ],
  },
  {
    id: 'bitmap-aging-keeps-young',
    aliases: [],
    title: 'v3, and keep what the pass without mmu_lock has found when asking again',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_notifier_test_clear_young' },
    about: 'One bit more in the answer, and no access is consumed in silence. The walk stays blind.',
    scenarios: ALL,
    kernels: ['7.2'],
    patches: calls(bitmapCall({ ...AS_MAILED, found: 'kept' })),
    expect: BLIND,
  },
  {
    id: 'rmaps-aged-under-mmu-lock',
    aliases: ['3.5'],
    title: 'first proposal in the thread: mmu_lock for the rmaps only, and no "unreliable"',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_age_gfn' },
    about: 'Every slot is looked at once, and everything that was found is reported.',
    scenarios: ALL,
    kernels: ['7.2'],
    patches: calls(shadowPartLocked()),
    expect: [],
  },
  {
    id: 'rmaps-tested-in-advance',
    aliases: ['3.6'],
    title: 'second proposal in the thread: test for rmaps once, in kvm_arch_prepare_bitmap_age()',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_arch_prepare_bitmap_age' },
    about:
      'L1 may run a guest after the test. The handler then walks rmaps without any lock, as rmap-walked-without-its-lock does.',
    scenarios: ALL,
    kernels: ['7.2'],
    patches: calls(rmapsTestedInAdvance()),
    expect: [...ALL.flatMap((s) => violated(s, UNDER_LOCK)), ...BLIND],
  },
  {
    id: 'aging-fast-only-notifier',
    aliases: [],
    title: 'v5 (2024): no bitmap; a second notifier, test_clear_young_fast_only(), looks at TDP roots only',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_notifier_test_clear_young_fast_only' },
    about:
      'The walk asks the fast notifier alone, and does not see what L2 accesses. The check before eviction asks both if the first has found nothing, so that nothing is lost between them.',
    scenarios: ALL,
    kernels: ['7.2'],
    patches: calls(fastOnlyNotifier()),
    expect: BLIND,
  },
  {
    id: 'aging-fast-only',
    aliases: [],
    title: 'v6 (2024): the walk asks for a fast answer only, without rmaps',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_age_gfn' },
    about:
      'The incomplete answer is what the caller has asked for: the accesses of L2 do not count for the walk. The check before eviction takes mmu_lock for the rmaps.',
    scenarios: ALL,
    kernels: ['7.2'],
    patches: calls(fastOnly('mmu_lock')),
    expect: BLIND,
  },
  {
    id: 'aging-fast-only-lockless',
    aliases: [],
    title: 'v7 (2024): as v6, and rmaps are walked under their lock bits',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_age_gfn' },
    about:
      'mmu_lock is not taken any more. What was merged is this without the parameter: every caller gets the whole answer.',
    scenarios: ALL,
    kernels: ['7.2'],
    patches: calls(fastOnly('lock bit')),
    expect: BLIND,
  },
  {
    id: 'aging-takes-write-permission',
    aliases: [],
    title: 'clear W of a TDP SPTE along with A',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_tdp_mmu_age_spte' },
    about:
      'Access tracking takes permissions, too, but saves them in the SPTE. Here they are lost, and the next write faults without need.',
    scenarios: [TWO],
    kernels: ['7.2'],
    patches: [only('aging', replace('AG.T2', takeWrite()))],
    expect: violated(TWO, 'aging-changes-the-accessed-bit-only'),
  },
]

/** AG.T2 that clears more than A. */
function takeWrite() {
  return step<Kvm>(
    'AG.T2',
    { fn: 'kvm_tdp_mmu_age_spte', shows: 'A = 0, W = 0' },
    {
      does: (kvm, self) => {
        const { sp, index } = kvm.aging[self]
        const leaf = kvm.page[sp as number].spte[index]
        if (!leaf.accessed) return
        leaf.accessed = false
        leaf.w = false
        kvm.aging[self].consumed = true
      },
    },
  )
}
