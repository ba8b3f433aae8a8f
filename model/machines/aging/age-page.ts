import {
  type Block,
  block,
  choice,
  type Program,
  program,
  type Step,
  step,
  when,
} from '../../language/program.ts'
import { agedSptes } from '../../memory/aging/aged-sptes.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { tdpWalk } from './age-tdp.ts'
import { CALL, IDLE, nextSlot, report, rmapWalk, shadowSptesPossible } from './aging-steps.ts'

const young = { fn: 'kvm_mmu_notifier_clear_young', since: 'v6.1..v7.2' } as const

/**
 * The host asks whether a page was accessed, and clears its Accessed bits: before it evicts the page, or when MGLRU ages
 * pages (`walk`). A page may be mapped by several memslots or address spaces, each through TDP roots and, if the guest
 * runs nested guests, through shadow pages.
 */
export function ageWithAccessedBits(bounds: Bounds): Program<Kvm> {
  return program<Kvm>('aging', 'the host ages a page', [
    // Without shadow pages the two calls differ in nothing that is judged there.
    choice(IDLE, [begin('eviction', bounds), ...when(bounds.nested.mmus > 1, begin('walk', bounds))], {
      validEnd: true,
    }),
    mergedCall(),
  ])
}

function begin(call: 'eviction' | 'walk', bounds: Bounds): Step<Kvm> {
  return step(
    `AG.1 ${call}`,
    {
      ...young,
      c: 'kvm_age_gfn',
      shows: call === 'eviction' ? 'may the page be evicted: young?' : 'the walk that ages pages: young?',
    },
    {
      when: (kvm, self) => kvm.aging[self].left > 0,
      does: (kvm, self) => {
        const local = kvm.aging[self]
        local.left--
        local.call = call
        local.gfn = bounds.aging.of[0]
        local.owed = agedSptes(kvm, bounds.aging.of).some((spte) => spte.accessed)
      },
      to: CALL,
    },
  )
}

/**
 * `kvm_age_gfn()` since v6.15, for each slot: the leaf SPTEs of valid TDP roots under RCU, then the rmaps under their lock
 * bits if there may be shadow pages. mmu_lock is not taken.
 */
function mergedCall(): Block<Kvm> {
  return block(
    CALL,
    [
      ...tdpWalk('AG.T'),
      shadowSptesPossible('AG.R'),
      ...rmapWalk('AG', 'lock bit'),
      nextSlot('AG.next', 'AG.T1'),
      report(),
    ],
    { fn: young.fn },
  )
}
