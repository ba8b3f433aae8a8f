import { drop, insert } from '../../language/patch.ts'
import { block, type Entry, step } from '../../language/program.ts'
import { hugepageAdjust, is_own_table } from '../../machines/fault/goal-level.ts'
import { writeLock, writeUnlock } from '../../machines/primitives/lock.ts'
import { commitZapPage, markInvalid, unlinkPage, zapContents } from '../../machines/zap/zap-page.ts'
import type { Zapping } from '../../machines/zap/zapping.ts'
import { target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { valid_pages_of } from '../../memory/shadow/shadow-page.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { WRITE_TO_OWN_TABLE } from '../../scenarios/shadow/own-table.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/**
 * A fault on a gfn that is one of its own page tables: when is the mapping level chosen, and can the shadow page of
 * the table be zapped in between?
 */

const OWN = 'write-to-own-table'
const bounds = boundsOf(WRITE_TO_OWN_TABLE)

const unprotectFirst = insert<Kvm>({ after: 'PF.2' }, unprotectPageVirt())

export const ownTableDesigns: readonly Design<Kvm>[] = [
  {
    id: 'level-chosen-before-tables-are-shadowed',
    aliases: ['write-to-own-page-table-loop'],
    title: '..v3.8: unprotect a gfn before its fault, and choose the level before its tables are shadowed',
    status: 'bug',
    kernel: { version: '..v3.8', function: 'paging64_page_fault' },
    about:
      'While an event waits to be re-injected, every fault starts by zapping the shadow pages of its gfn, so a large mapping seems possible; the walk shadows the table again, the large mapping is refused, and the guest retries. Fixed by 7751babd3c6d.',
    scenarios: [OWN],
    patches: [unprotectFirst, drop('FETCH.7'), insert({ before: 'FETCH.1' }, hugepageAdjust(bounds))],
    expect: [
      ...violated(OWN, 'no-fault-retried-for-ever', 'every-access-can-finish'),
      ...notReached('No fault gets as far as emulating a store.', OWN, 'store-to-a-table-is-emulated'),
    ],
  },
  {
    id: 'level-chosen-small-for-own-tables',
    aliases: ['7751babd3c6d'],
    title: 'v3.9..v5.5: choose the level first, but 4K if the gfn is a table of the same walk',
    status: 'before',
    kernel: { commit: '7751babd3c6d', version: 'v3.9..v5.5', function: 'paging64_is_self_change_mapping' },
    about:
      'The fix of level-chosen-before-tables-are-shadowed. Since v5.6 the level is chosen after the tables are shadowed, which needs no such test; it was removed in v6.3.',
    scenarios: [OWN],
    patches: [
      unprotectFirst,
      drop('FETCH.7'),
      insert({ before: 'FETCH.1' }, hugepageAdjust(bounds, is_own_table)),
    ],
    expect: [],
  },
  {
    id: 'frame-unprotected-before-the-fault',
    aliases: [],
    title: '..v6.11: unprotect the gfn of a fault while an event waits to be re-injected',
    status: 'before',
    kernel: { version: '..v6.11', function: 'kvm_handle_page_fault' },
    about: 'Harmless if the level is chosen late: the fault shadows the table again and maps a small page.',
    scenarios: [OWN],
    patches: [unprotectFirst],
    expect: [],
  },
]

/** `kvm_mmu_unprotect_page_virt()`: zap every shadow page of the gfn that the address maps to. */
function unprotectPageVirt(): Entry<Kvm> {
  const about = { fn: 'kvm_mmu_unprotect_page_virt', since: '..v6.11' } as const
  const zapping: Zapping = { sp: (kvm, v) => kvm.vcpu[v].fault.sp as number, list: 'invalid_list of vcpu' }
  const next = (kvm: Kvm, v: number): number | null => valid_pages_of(kvm, target_gfn(kvm, v))[0] ?? null
  return block('UPV', [
    writeLock('UPV.1', 'vcpu', about),
    step(
      'UPV.2',
      { ...about, shows: (kvm, v) => `pages of gfn ${target_gfn(kvm, v)}: ${next(kvm, v) ?? 'none'}` },
      [
        {
          when: (kvm, v) => next(kvm, v) !== null,
          does: (kvm, v) => {
            kvm.vcpu[v].fault.sp = next(kvm, v)
          },
        },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].fault.sp = null
          },
          to: 'UPV.3 commit',
        },
      ],
    ),
    // No shadow page of the gfn is a root in this scenario, so no request is needed.
    block('UPV.zap', [...zapContents(zapping, bounds), unlinkPage(zapping), markInvalid(zapping)]),
    step('UPV.2 next', { ...about, shows: 'next page of the gfn', quiet: true }, { to: 'UPV.2' }),
    commitZapPage('UPV.3 commit', zapping.list, bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    writeUnlock('UPV.4', about),
  ])
}
