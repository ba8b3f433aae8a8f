import { choice, type Entry, inFunction, type Program, program, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { thread_rcu_read_lock, thread_rcu_read_unlock } from '../../memory/tdp/rcu.ts'
import { NX_THREAD } from '../../memory/tdp/threads.ts'
import { threadReadLock, threadReadUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { handleRemovedPt, remove_table } from './removed-pt.ts'

const since: ReadIn = 'v6.17..v7.2'
const recover = { fn: 'kvm_recover_nx_huge_pages', since } as const
const zap = { fn: 'kvm_tdp_mmu_zap_possible_nx_huge_page', since } as const

const nx = (kvm: Kvm) => kvm.nx[0]

/** The SPTE that links the table, `*sp->ptep`; null if none does any more. */
function link_of(kvm: Kvm, table: number): Spte | null {
  for (let p = 0; p < kvm.page.length; p++) {
    for (let i = 0; i < kvm.page[p].spte.length; i++) {
      const entry = kvm.page[p].spte[i]
      if (entry.kind === 'non-leaf' && entry.child === table) return entry
    }
  }
  return null
}

/**
 * `kvm_recover_nx_huge_pages()`, a kernel thread: a table that stands in for a huge page which must not be executed is
 * unlinked, so that the next fault may map the huge page again. mmu_lock is held for read, and RCU until the flush.
 */
export function recoverNx(bounds: Bounds): Program<Kvm> {
  const linked = (kvm: Kvm): boolean => link_of(kvm, nx(kvm).sp as number) !== null
  const end: Entry<Kvm>[] = [
    step<Kvm>(
      'NX.7',
      { ...recover, c: 'rcu_read_unlock(', shows: 'rcu_read_unlock()' },
      {
        does: (kvm) => {
          nx(kvm).sp = null
          thread_rcu_read_unlock(kvm, NX_THREAD)
        },
      },
    ),
    threadReadUnlock('NX.8', NX_THREAD, recover, 'idle'),
  ]
  return program<Kvm>('nxrecovery', 'a kernel thread recovers NX huge pages', [
    choice(
      'idle',
      [
        step(
          'NX.0',
          { ...recover, c: 'nx_huge_pages_to_zap(', shows: 'to_zap = 1' },
          {
            when: (kvm) => nx(kvm).left > 0,
            does: (kvm) => {
              nx(kvm).left--
            },
          },
        ),
      ],
      { validEnd: true },
    ),
    ...inFunction<Kvm>(
      recover.fn,
      threadReadLock('NX.1', NX_THREAD, recover),
      step<Kvm>(
        'NX.2',
        { ...recover, c: 'rcu_read_lock(', shows: 'rcu_read_lock()' },
        { does: (kvm) => thread_rcu_read_lock(kvm, NX_THREAD) },
      ),
      step<Kvm>(
        'NX.3',
        {
          ...recover,
          c: ['list_first_entry(', 'unaccount_nx_huge_page('],
          shows: (kvm) => `possible_nx_huge_pages: ${nx(kvm).possible.elements()[0] ?? 'empty'}`,
          fused: 'Both are in one section of tdp_mmu_pages_lock.',
        },
        [
          { when: (kvm) => nx(kvm).possible.isEmpty(), to: 'NX.7' },
          {
            does: (kvm) => {
              const [sp] = nx(kvm).possible.elements()
              nx(kvm).possible.delete(sp)
              nx(kvm).sp = sp
            },
          },
        ],
      ),
      ...inFunction<Kvm>(
        zap.fn,
        step<Kvm>(
          'NX.4',
          {
            ...zap,
            c: 'spte_to_child_pt(',
            shows: (kvm) => `page ${nx(kvm).sp}: *sp->ptep ${linked(kvm) ? 'links it' : 'has changed'}`,
          },
          [{ when: (kvm) => !linked(kvm), to: 'NX.7' }, {}],
        ),
        step<Kvm>(
          'NX.5',
          {
            ...zap,
            c: 'tdp_mmu_set_spte_atomic(',
            shows: (kvm) => `page ${nx(kvm).sp}: *sp->ptep = 0: try_cmpxchg64() = ${linked(kvm)}`,
          },
          [
            { when: (kvm) => !linked(kvm), to: 'NX.7' },
            {
              does: (kvm) => {
                const table = nx(kvm).sp as number
                clear_spte(link_of(kvm, table) as Spte)
                remove_table(nx(kvm).removed, 1, table)
              },
            },
          ],
        ),
        handleRemovedPt('NX.5 removed', 1, (kvm) => nx(kvm).removed, bounds),
      ),
      makeAllCpusRequest('NX.6 flush', 'TLB_FLUSH', bounds.vcpus, (kvm) => nx(kvm).req),
      ...end,
    ),
  ])
}
