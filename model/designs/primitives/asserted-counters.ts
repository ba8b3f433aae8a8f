import { drop, insert, only, type Patch } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { module_put, putKvm } from '../../machines/teardown/destroy-vm.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { count_down } from '../../memory/primitives/asserted.ts'
import { stop_write_tracking } from '../../memory/shadow/write-tracking.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated, violatedBecause } from '../expectation.ts'

const ZAP = 'slot-delete-flush-debt'
const FAULT = 'fault-notifier'
const TEARDOWN = 'vm-teardown'
const FLOODING = 'write-flooding'

/** Decrements mn_active_invalidate_count under mmu_lock as well. */
const decrementedEarly: Step<Kvm> = step(
  'NE.1 early',
  { fn: 'kvm_mmu_invalidate_end', since: 'history', shows: 'mn_active_invalidate_count--' },
  {
    does: (kvm) => {
      const count = kvm.mn_active_invalidate_count
      kvm.mn_active_invalidate_count = count_down('mn_active_invalidate_count', count)
    },
  },
)

const stopTrackingAgain: Step<Kvm> = step(
  'ZAP.4 again',
  { fn: '__kvm_write_track_remove_gfn', since: 'history', shows: 'update_gfn_write_track(slot, gfn, -1)' },
  {
    does: (kvm, v) => {
      const { level, gfn } = kvm.page[kvm.vcpu[v].fault.sp as number]
      if (level > 1) stop_write_tracking(kvm, gfn as number)
    },
  },
)

const putModuleTwice: Patch<Kvm> = insert(
  { before: 'CL.2' },
  step(
    'CL.2 early',
    { fn: '__fput', since: 'history', shows: 'module_put(THIS_MODULE)' },
    { does: module_put },
  ),
)

const control = (fn: string) =>
  ({ aliases: [], status: 'control', kernel: { version: 'never merged', function: fn } }) as const

const OOPSES_IN_THE_ZAP =
  'The counter goes below 0 during the zap of the flooded page, before the page is marked and the request sent.'

export const assertedCounterDesigns: readonly Design<Kvm>[] = [
  {
    ...control('kvm_mmu_notifier_invalidate_range_end'),
    id: 'invalidation-always-ended',
    title: 'decrement in_progress at the end of an invalidation even if its start did not increment it',
    about:
      'Since 071064f14d87 ("Don’t take mmu_lock for range invalidation unless necessary") start and end skip the counter if no slot overlaps the range. Both must agree.',
    scenarios: [ZAP],
    patches: [only('notifier', drop('NE.1 test'))],
    expect: violated(ZAP, 'invalidation-ends-only-after-it-began', 'no-install-during-invalidation'),
  },
  {
    ...control('kvm_mmu_invalidate_end'),
    id: 'notifier-counted-back-twice',
    title: 'decrement mn_active_invalidate_count twice at the end of an invalidation',
    about: 'The second decrement belongs to another notifier, or takes the counter below zero.',
    scenarios: [FAULT],
    patches: [only('notifier', insert({ after: 'NE.1 count' }, decrementedEarly))],
    expect: [
      ...violated(FAULT, 'notifier-ends-only-after-it-began'),
      ...notReached('The first invalidation does not end.', FAULT, 'absent-page-is-invalidated'),
    ],
  },
  {
    ...control('write_lock'),
    id: 'invalidation-ended-without-lock',
    title: 'release mmu_lock at the end of an invalidation without taking it',
    about: 'If the lock is free, the unlock is unbalanced; otherwise another thread loses its lock.',
    scenarios: [FAULT],
    patches: [only('notifier', drop('NE.1 lock'))],
    expect: [
      ...violated(
        FAULT,
        'mmu-lock-is-released-only-while-held',
        'no-mapping-of-a-lost-page',
        'no-install-during-invalidation',
        'no-flush-debt-at-unlock',
        'every-access-can-finish',
      ),
      violatedBecause(
        FAULT,
        'leaf-is-on-its-rmap',
        'The lock of a fault is released for it between SET.4 and SET.6, and others may take it there.',
      ),
    ],
  },
  {
    ...control('unaccount_shadowed'),
    id: 'flooded-page-unaccounted-twice',
    title: 'stop write tracking twice when a page is zapped for write flooding',
    about: 'Other shadow pages of the gfn lose their write protection, or the counter goes below 0.',
    scenarios: [FLOODING],
    patches: [only('vcpu', insert({ after: 'ZAP.4' }, stopTrackingAgain))],
    expect: [
      ...violated(FLOODING, 'write-tracking-ends-only-after-it-began', 'every-access-can-finish'),
      ...vacuous(OOPSES_IN_THE_ZAP, FLOODING, 'no-stale-root-used', 'no-guest-on-a-root-after-its-request'),
      ...notReached(OOPSES_IN_THE_ZAP, FLOODING, 'page-is-zapped-for-write-flooding'),
    ],
  },
  {
    ...control('async_pf_execute'),
    id: 'apf-worker-puts-without-get',
    title: 'put a VM reference in async_pf_execute() that was never taken',
    about: 'Half of the reference counting that 3d75b8aa5c29 removed: the put without the get.',
    scenarios: [TEARDOWN],
    patches: [insert({ after: 'AW.6' }, ...putKvm('AW.6 put', 'AW.7'))],
    expect: violated(
      TEARDOWN,
      'vm-reference-is-put-only-while-held',
      'no-deadlock',
      'every-access-can-finish',
    ),
  },
  {
    ...control('__fput'),
    id: 'module-put-twice',
    title: 'put the module reference twice when the file is closed',
    about: 'The second put takes the reference of the VM, or finds none.',
    scenarios: [TEARDOWN],
    patches: [putModuleTwice],
    expect: violated(TEARDOWN, 'module-reference-is-put-only-while-held'),
  },
]
