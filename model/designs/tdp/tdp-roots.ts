import { drop, insert, move, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { testCurrentRoot } from '../../machines/roots/free-obsolete-roots.ts'
import { addRoot } from '../../machines/tdp/alloc-root.ts'
import { invalidateRoots } from '../../machines/tdp/zap-invalidated-roots.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/** Roots of the TDP MMU: their references, and the zap of invalidated ones after mmu_lock was dropped. */

const ZAP = 'tdp-zap-all'
const FAULTS = 'tdp-two-faults'

export const tdpRootDesigns: readonly Design<Kvm>[] = [
  {
    id: 'tdp-root-not-tested',
    aliases: [],
    title: 'do not test in a TDP fault whether the root is obsolete',
    status: 'bug',
    kernel: { commit: 'a955cad84cda', version: '..v5.15', function: 'is_page_fault_stale' },
    about:
      'A fault that takes mmu_lock after the root was invalidated maps into it, behind the zap: the memslot is gone, and its mapping stays.',
    scenarios: [ZAP],
    patches: [drop('TDP/P9')],
    expect: violated(
      ZAP,
      'no-leaf-below-an-obsolete-root',
      'freed-tdp-page-maps-nothing',
      'kvm-tdp-mmu-map-finds-a-valid-root',
      'tdp-root-with-present-sptes-is-on-the-list',
      'zapped-tdp-root-maps-nothing',
    ),
  },
  {
    id: 'tdp-roots-invalidated-after-the-request',
    aliases: [],
    title: 'invalidate the roots of the TDP MMU after the request to drop obsolete ones',
    status: 'control',
    kernel: { version: 'never merged', function: '__kvm_mmu_zap_all_fast_front_half' },
    about:
      'A vCPU services the request before its root is invalid, keeps the root, and is never asked again. The comment in the function tells why the order matters.',
    scenarios: [ZAP],
    patches: [only('memslot', move('ZF.3', { after: 'ZF.4' }))],
    expect: violated(
      ZAP,
      'every-access-can-finish',
      'no-use-after-free',
      'no-stale-root-used',
      'no-flush-debt-at-unlock',
      'no-walk-of-a-freed-page',
    ),
  },
  {
    id: 'tdp-roots-invalidated-after-mmu-lock',
    aliases: [],
    title: 'invalidate the roots of the TDP MMU when mmu_lock was dropped after the request',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_tdp_mmu_invalidate_roots' },
    about:
      'As tdp-roots-invalidated-after-the-request; besides, a fault may test the root before it becomes invalid, and map into it afterwards.',
    scenarios: [ZAP],
    patches: [only('memslot', move('ZF.3', { after: 'ZF.7' }))],
    expect: violated(
      ZAP,
      'every-access-can-finish',
      'no-use-after-free',
      'no-stale-root-used',
      'no-leaf-below-an-obsolete-root',
      'no-flush-debt-at-unlock',
      'no-walk-of-a-freed-page',
      'freed-tdp-page-maps-nothing',
      'kvm-tdp-mmu-map-finds-a-valid-root',
      'tdp-root-with-present-sptes-is-on-the-list',
      'zapped-tdp-root-maps-nothing',
    ),
  },
  {
    id: 'tdp-roots-scheduled-only',
    aliases: [],
    title: 'schedule the roots of the TDP MMU to be zapped, and leave them valid',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_tdp_mmu_invalidate_roots' },
    about: 'The tree that the vCPUs run on is zapped without a flush.',
    scenarios: [ZAP],
    patches: [only('memslot', replace('ZF.3', invalidateRoots(false)))],
    expect: violated(ZAP, 'zap-all-can-finish', 'kvm-tdp-mmu-zap-invalidated-roots-finds-an-invalid-root'),
  },
  {
    id: 'tdp-root-unlinked-before-its-zap',
    aliases: [],
    title: 'take a root of the TDP MMU off the list before it is zapped, and yield during the zap',
    status: 'control',
    kernel: { commit: 'edbdb43fc96b', version: 'v5.13..v5.17', function: 'kvm_tdp_mmu_put_root' },
    about:
      'Up to v5.17 the last reference took the root off the list and zapped it then, which must not yield: a notifier does not find the root while mmu_lock is dropped. The zap did not, and stalled the CPU instead.',
    scenarios: [ZAP],
    patches: [
      only(
        'memslot',
        insert<Kvm>(
          { before: 'ZI.4' },
          step<Kvm>(
            'ZI.4 unlink',
            { fn: 'kvm_tdp_mmu_put_root', since: 'v5.13..v5.17', shows: 'list_del_rcu()' },
            {
              does: (kvm) => {
                kvm.page[kvm.memslot[0].tdp[0].root as number].list = 'tdp_mmu'
              },
            },
          ),
        ),
      ),
    ],
    expect: violated(
      ZAP,
      'tdp-root-count-is-number-of-holders',
      'tdp-root-with-present-sptes-is-on-the-list',
    ),
  },
  {
    id: 'tdp-root-put-before-its-zap',
    aliases: [],
    title: 'put the reference of the TDP MMU before the root is zapped',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_tdp_mmu_zap_invalidated_roots' },
    about:
      'The walk over the roots has a separate reference, so that notifiers still find the root. Only the count is not what it should be.',
    scenarios: [ZAP],
    patches: [only('memslot', move('ZI.5', { before: 'ZI.4' }))],
    expect: violated(ZAP, 'tdp-root-count-is-number-of-holders'),
  },
  {
    id: 'tdp-root-with-one-reference',
    aliases: [],
    title: 'a new root of the TDP MMU has one reference, that of the vCPU',
    status: 'control',
    kernel: { commit: 'edbdb43fc96b', version: 'v5.14..v6.3', function: 'kvm_tdp_mmu_alloc_root' },
    about:
      'Up to v6.3 the last reference of a valid root zapped it. With the code of later kernels it is put twice.',
    scenarios: [ZAP],
    patches: [
      replace(
        'AR.3',
        addRoot(() => 2, true, 1),
      ),
    ],
    expect: violated(ZAP, 'tdp-root-count-is-number-of-holders'),
  },
  {
    id: 'tdp-valid-root-put',
    aliases: [],
    title: 'the TDP MMU has no separate reference, and a vCPU drops its root whether it is obsolete or not',
    status: 'control',
    kernel: { commit: 'edbdb43fc96b', version: '..v5.18', function: 'kvm_tdp_mmu_put_root' },
    about:
      'Up to v5.18 the request (KVM_REQ_MMU_RELOAD) made a vCPU drop all roots, and up to v6.3 the last reference of a valid root zapped it. Here the roots become invalid after mmu_lock was dropped, so that the vCPU puts the last reference of a valid one.',
    scenarios: [ZAP],
    patches: [
      only('memslot', move('ZF.3', { after: 'ZF.7' })),
      only('memslot', drop('ZI.5')),
      replace(
        'OB.1',
        testCurrentRoot(() => true),
      ),
    ],
    adds: {
      setUp: (kvm) => {
        kvm.page[0].root_count--
      },
    },
    expect: violated(
      ZAP,
      'kvm-tdp-mmu-put-root-finds-an-invalid-root',
      'no-leaf-below-an-obsolete-root',
      'freed-tdp-page-maps-nothing',
      'kvm-tdp-mmu-map-finds-a-valid-root',
      'tdp-root-count-is-number-of-holders',
      'tdp-root-with-present-sptes-is-on-the-list',
      'zapped-tdp-root-maps-nothing',
    ),
  },
  {
    id: 'tdp-roots-not-looked-up-again',
    aliases: [],
    title: 'do not walk the list of roots again under tdp_mmu_pages_lock',
    status: 'control',
    kernel: { commit: 'dab285e4ec73', version: 'never merged', function: 'kvm_tdp_mmu_alloc_root' },
    about: 'Since roots are allocated with mmu_lock held for read, two vCPUs may each add one.',
    scenarios: [FAULTS],
    kernels: ['6.12', '7.2'],
    patches: [
      replace(
        'AR.3',
        addRoot(() => 2, false),
      ),
    ],
    expect: violated(FAULTS, 'one-valid-tdp-root'),
  },
  {
    id: 'tdp-root-loaded-without-flush',
    aliases: [],
    title: 'do not flush the TLB when a root is loaded',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_load' },
    about:
      'Zapping an invalid root flushes nothing, because every vCPU flushes when it loads another. Without that, the TLB still has entries of a root whose page is used again.',
    scenarios: [ZAP],
    patches: [drop('LOAD.7')],
    expect: violated(ZAP, 'no-flush-debt-at-unlock', 'no-tlb-entry-of-a-freed-root'),
  },
]
