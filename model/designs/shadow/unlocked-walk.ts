import { drop, only, type Patch, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { synchronizeSrcu } from '../../machines/primitives/srcu.ts'
import { endOfWalk, walkWithoutLock } from '../../machines/shadow/unlocked-walk.ts'
import { freeDescs } from '../../machines/zap/free-descs.ts'
import { shrinkerMay } from '../../machines/zap/shrinker.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { slot_found } from '../../memory/memslots/memslot.ts'
import { rmap_entries } from '../../memory/shadow/rmap.ts'
import type { Design } from '../design.ts'
import { violated, violatedBecause } from '../expectation.ts'

/**
 * Question seed-001, v3: unmap the rmaps of the deleted slot without mmu_lock. Which rules does that need? One
 * design per rule, as listed in docs/kvm/history.md.
 */

const CHAIN = 'slot-delete-rmap-chain'
const GFN = 2

const dying = (kvm: Kvm, gfn: number): boolean => slot_found(kvm, gfn) === 'invalid'

/** Generation and request under the lock; then the walk and a grace period without it; old pages are kept. */
const WALK: Patch<Kvm>[] = [
  replace('ZF.5', ...walkWithoutLock(GFN), endOfWalk, synchronizeSrcu('D2.3')),
  drop('ZF.5 zap'),
  drop('ZF.5 break'),
  drop('ZF.6'),
  drop('ZF.7'),
].map((patch) => only('memslot', patch))

/** Rule 2 of the mail: descriptors on the rmaps of an INVALID slot are not freed. */
const KEEP_DESCS: Patch<Kvm>[] = [
  only('notifier', replace('NS.5 desc', freeDescs('NS.5 desc', dying))),
  only('shrinker', replace('ZAP.2 desc', freeDescs('ZAP.2 desc', dying))),
]
/** Rule 3: shadow pages are not freed while a slot is INVALID. */
const KEEP_PAGES: Patch<Kvm> = only(
  'shrinker',
  replace(
    'SHR.1',
    shrinkerMay((kvm) => kvm.slot[0].installed !== 'invalid'),
  ),
)

/**
 * A handler that keeps the page mapped: it reads a present SPTE and writes it back, still present, as change_pte
 * and clear_flush_young did.
 */
const REWRITE: Patch<Kvm>[] = [
  drop<Kvm>('H'),
  drop<Kvm>('H.2'),
  replace<Kvm>(
    'NS.5',
    step(
      'NS.5',
      {
        fn: 'kvm_set_pte_rmapp',
        since: '..v3.10',
        shows: (kvm, n) => `present SPTE of gfn ${GFN}: page ${presentOn(kvm) ?? 'none'} (notifier ${n})`,
      },
      [
        { when: (kvm) => presentOn(kvm) === null, to: 'NS.5 desc' },
        {
          does: (kvm, n) => {
            kvm.notifier[n].sp = presentOn(kvm)
          },
        },
      ],
    ),
    step(
      'NS.5 rewrite',
      {
        fn: 'kvm_set_pte_rmapp',
        since: '..v3.10',
        shows: (kvm, n) => `page ${kvm.notifier[n].sp}.spte[0] = present again, read-only`,
      },
      {
        does: (kvm, n) => {
          const entry = kvm.page[kvm.notifier[n].sp as number].spte[0]
          entry.kind = 'leaf'
          entry.gfn = GFN
          entry.pfn = kvm.host_pte[GFN]
          entry.w = false
          entry.mmuw = false
          kvm.notifier[n].sp = null
          kvm.notifier[n].flush = true
        },
      },
    ),
  ),
].map((patch) => only('notifier', patch))

function presentOn(kvm: Kvm): number | null {
  const found = rmap_entries(kvm, GFN).find(({ page }) => kvm.page[page].spte[0].kind === 'leaf')
  return found?.page ?? null
}

const CLEARED_ON_THE_RMAP = violatedBecause(
  CHAIN,
  'rmap-holds-present-sptes',
  'By design SPTEs are cleared without mmu_lock and stay on the rmap; its users expect that.',
)

/** The behaviour ends where a thread uses freed memory. */
const AFTER_THE_OOPS = violatedBecause(
  CHAIN,
  'zap-all-can-finish',
  'Follows from no-use-after-free: the walk does not return from the freed memory.',
)

const kernel = { version: 'never merged', function: 'slot_rmap_unmap_invalid' }

export const unlockedWalkDesigns: readonly Design<Kvm>[] = [
  {
    id: 'unlocked-walk',
    aliases: ['D2-races'],
    title: 'v3 of the patch with all its rules: walk the rmap of the deleted slot without mmu_lock',
    status: 'rejected',
    kernel,
    about:
      'Nothing is added to the rmap, SPTEs are cleared but not removed from it, descriptors and shadow pages are kept, and handlers unmap. Safe, but every user of rmaps must know the rules.',
    scenarios: [CHAIN],
    patches: [...WALK, ...KEEP_DESCS, KEEP_PAGES],
    expect: [CLEARED_ON_THE_RMAP],
  },
  {
    id: 'unlocked-walk-descriptor-freed',
    aliases: [],
    title: 'as unlocked-walk, but free the descriptor of a chain that becomes empty',
    status: 'rejected',
    kernel,
    about:
      'The walker has read the address of the descriptor from the rmap and is about to read its entries.',
    scenarios: [CHAIN],
    patches: [...WALK, KEEP_PAGES],
    expect: [...violated(CHAIN, 'no-use-after-free'), AFTER_THE_OOPS, CLEARED_ON_THE_RMAP],
  },
  {
    id: 'unlocked-walk-page-freed',
    aliases: [],
    title: 'as unlocked-walk, but free shadow pages during the walk',
    status: 'rejected',
    kernel,
    about: 'The walker has read the address of an SPTE from the chain and is about to write to it.',
    scenarios: [CHAIN],
    patches: [...WALK, ...KEEP_DESCS],
    expect: [
      ...violated(CHAIN, 'no-use-after-free', 'no-freed-spte-on-rmap'),
      AFTER_THE_OOPS,
      CLEARED_ON_THE_RMAP,
    ],
  },
  {
    id: 'unlocked-walk-spte-rewritten',
    aliases: [],
    title: 'as unlocked-walk, but let notifier handlers rewrite SPTEs of an INVALID slot',
    status: 'rejected',
    kernel,
    about:
      'The handler reads the SPTE as present, the walker clears it, and the handler makes it present again; it is still present when the arrays are freed. Hence "we should unmap rmap in these handlers" in the mail.',
    scenarios: [CHAIN],
    patches: [...WALK, ...KEEP_DESCS, KEEP_PAGES, ...REWRITE],
    expect: [
      ...violated(CHAIN, 'no-spte-of-a-freed-slot', 'no-use-after-free'),
      CLEARED_ON_THE_RMAP,
      ...violated(CHAIN, 'leaf-is-on-its-rmap'),
    ],
  },
  {
    id: 'unlocked-walk-additions',
    aliases: [],
    title:
      'as unlocked-walk, but without the grace period and the stale check that stop faults from adding to the rmap',
    status: 'rejected',
    kernel,
    about: 'A fault that found the slot valid adds its SPTE after the walker has passed.',
    scenarios: [CHAIN],
    patches: [...WALK, ...KEEP_DESCS, KEEP_PAGES, only('memslot', drop('SL.3')), drop('PF.12')],
    expect: [
      ...violated(CHAIN, 'no-spte-of-a-freed-slot', 'nothing-added-to-an-invalid-slot'),
      CLEARED_ON_THE_RMAP,
      ...violated(CHAIN, 'leaf-is-on-its-rmap', 'no-leaf-below-an-obsolete-root'),
    ],
  },
]
