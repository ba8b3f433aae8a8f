import { isAt, places } from '../../model/language/places.ts'
import type { ActionProperty, Invariant, Witness } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

const ANSWERS = places((path) => path === 'AG.call/AG.7')
const VISITS = places((path) => /^AG\.call\/\w+\.4$/.test(path))

const judgedWhere = ({ aging }: Bounds): boolean => aging.accessed

type Call = Kvm['aging'][number]

const reports_young = ({ young, recorded }: Call): boolean => young || recorded

/** `consumed` is a history variable of the call. */
export const noAccessConsumedInSilence: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-access-consumed-in-silence',
  aliases: ['AGE1'],
  title: 'A call that has cleared an Accessed bit reports the page as young.',
  when: 'whenever a call returns',
  reference: 'kvm_age_gfn(), kvm_mmu_notifier_clear_young()',
  consequence: 'The access is lost, and a page that is in use is evicted.',
  judgedWhere,
  given: (kvm, at) => all(kvm.aging).some((n) => isAt(at.aging, n, ANSWERS) && kvm.aging[n].consumed),
  holds: (kvm, at) =>
    all(kvm.aging).every(
      (n) => !isAt(at.aging, n, ANSWERS) || !kvm.aging[n].consumed || reports_young(kvm.aging[n]),
    ),
}

export const rmapIsAgedUnderALock: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'rmap-is-aged-under-a-lock',
  aliases: ['AGE2'],
  title: 'Aging visits the SPTEs of an rmap under its lock bit or under mmu_lock.',
  when: 'whenever aging is at an SPTE of an rmap',
  reference: 'kvm_rmap_lock_readonly() (v6.15); before, lockdep_assert_held_write(&kvm->mmu_lock)',
  consequence: 'The shadow page is freed meanwhile, and aging clears a bit in memory that has been reused.',
  judgedWhere,
  given: (kvm, at) => all(kvm.aging).some((n) => isAt(at.aging, n, VISITS)),
  holds: (kvm, at) =>
    all(kvm.aging).every(
      (n) => !isAt(at.aging, n, VISITS) || kvm.aging[n].locked || kvm.mmu_lock === 'notifier',
    ),
}

export const agingChangesTheAccessedBitOnly: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'aging-changes-the-accessed-bit-only',
  aliases: ['AGE3'],
  title: 'Aging changes nothing but the Accessed bit of a present leaf, and only clears it.',
  when: 'whenever aging takes a step',
  reference: 'kvm_tdp_mmu_age_spte(), kvm_rmap_age_gfn_range()',
  consequence: 'A mapping is damaged, or an entry that another thread has frozen.',
  judgedWhere,
  given: (before, { kind }, after) => kind === 'aging' && changed(before, after).length > 0,
  holds: (before, { kind }, after) =>
    kind !== 'aging' ||
    changed(before, after).every(({ page, index }) => {
      const [was, is] = [before.page[page].spte[index], after.page[page].spte[index]]
      return (
        was.kind === 'leaf' &&
        is.kind === 'leaf' &&
        was.accessed &&
        !is.accessed &&
        is.pfn === was.pfn &&
        is.w === was.w
      )
    }),
}

/** The SPTEs that a step has changed, except those of pages that it freed: leaving RCU runs the callback of a page. */
function changed(before: Kvm, after: Kvm): { page: number; index: number }[] {
  const live = (page: number): boolean => after.page[page].list !== 'free'
  return all(before.page).flatMap((page) =>
    all(before.page[page].spte).flatMap((index) => {
      if (!live(page)) return []
      const [was, is] = [before.page[page].spte[index], after.page[page].spte[index]]
      const same =
        was.kind === is.kind && was.accessed === is.accessed && was.pfn === is.pfn && was.w === is.w
      return same ? [] : [{ page, index }]
    }),
  )
}

/** Without zaps, which may take the bit away: so an A bit that was set at the beginning is there to be found. */
const answersFor = (call: 'eviction' | 'walk', id: string, alias: string, title: string): Invariant<Kvm> => ({
  kind: 'invariant',
  id,
  aliases: [alias],
  title,
  when: 'whenever such a call returns',
  reference: 'folio_referenced_one(), walk_pte_range() in mm/; kvm_age_gfn()',
  consequence:
    call === 'eviction'
      ? 'A page that is in use is evicted.'
      : 'Pages that the guest uses grow old, and only the check before eviction saves them.',
  judgedWhere,
  given: (kvm, at) =>
    all(kvm.aging).some((n) => isAt(at.aging, n, ANSWERS) && kvm.aging[n].call === call && kvm.aging[n].owed),
  holds: (kvm, at) =>
    all(kvm.aging).every(
      (n) =>
        !isAt(at.aging, n, ANSWERS) ||
        kvm.aging[n].call !== call ||
        !kvm.aging[n].owed ||
        reports_young(kvm.aging[n]),
    ),
})

export const accessIsSeenBeforeEviction: Invariant<Kvm> = answersFor(
  'eviction',
  'access-is-seen-before-eviction',
  'AGE4',
  'A page that has an Accessed bit when the check before its eviction begins is reported as young.',
)

export const accessIsSeenByTheWalk: Invariant<Kvm> = answersFor(
  'walk',
  'access-is-seen-by-the-walk',
  'AGE5',
  'A page that has an Accessed bit, below whatever kind of root, when the walk that ages pages asks is found young.',
)

export const bothKindsOfRootsAreAged: Witness<Kvm> = {
  kind: 'witness',
  id: 'both-kinds-of-roots-are-aged',
  aliases: [],
  title:
    'A page has Accessed bits in an SPTE of the TDP MMU and in one of a shadow page when a call begins to look.',
  reference: 'kvm_age_gfn()',
  seen: (kvm, at) =>
    all(kvm.aging).some((n) => at.aging[n] !== 'idle' && kvm.aging[n].owed) &&
    all(kvm.page).some((p) => kvm.page[p].role_direct && has_accessed(kvm, p)) &&
    all(kvm.page).some((p) => !kvm.page[p].role_direct && has_accessed(kvm, p)),
}

const has_accessed = (kvm: Kvm, page: number): boolean =>
  all(kvm.page[page].spte).some((index) => kvm.page[page].spte[index].accessed)
