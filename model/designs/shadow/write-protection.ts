import { drop, move, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { gpte_at, guest_levels, index_at, same_gpte } from '../../memory/primitives/guest-memory.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'

/**
 * A guest table is shadowed for the first time: in which order is it write-protected, flushed, and read
 * again? (shadow-mmu.md 4.2, 5.4; Appendix B: B14, B15; bug-catalogue.md C1.)
 */
const NO_FLUSH = 'The only flush here is that of the write protection, which is left out.'

export const writeProtectionDesigns: readonly Design<Kvm>[] = [
  {
    id: 'protected-after-reread',
    aliases: ['B14'],
    title: "the guest's table is write-protected and flushed after its entry was read again",
    status: 'candidate',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about:
      'A store between the reading and the write-protection is never noticed: the shadow page counts as in sync, and later stores are trapped.',
    scenarios: ['write-protect-before-reread'],
    patches: [move('FETCH/GET.11', { after: 'FETCH.5' }), move('FETCH/GET.12', { after: 'FETCH/GET.11' })],
    expect: [
      ...violated(
        'write-protect-before-reread',
        'synced-page-agrees',
        'flushed-translation-is-not-used',
        'writable-table-is-unsync',
      ),
    ],
  },
  {
    id: 'flushed-after-reread',
    aliases: ['B14-flush'],
    title: "the guest's table is write-protected before its entry is read again, but flushed after",
    status: 'candidate',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about: 'As protected-after-reread for a vCPU that has the writable translation in its TLB.',
    scenarios: ['write-protect-before-reread'],
    patches: [move('FETCH/GET.12', { after: 'FETCH.5' })],
    expect: [
      ...violated(
        'write-protect-before-reread',
        'no-flush-debt-at-unlock',
        'synced-page-agrees',
        'flushed-translation-is-not-used',
      ),
    ],
  },
  {
    id: 'entry-not-read-again',
    aliases: ['B15'],
    title: 'the entries that the walk read are not read again under mmu_lock',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about: 'What the walk read without a lock may be long gone when the SPTE is made of it.',
    scenarios: ['write-protect-before-reread', 'unsync-two-levels'],
    patches: [drop('FETCH.5')],
    expect: [
      ...violated('write-protect-before-reread', 'synced-page-agrees', 'flushed-translation-is-not-used'),
      ...violated('unsync-two-levels', 'flushed-translation-is-not-used'),
    ],
  },
  {
    id: 'entry-read-again-only-for-new-pages',
    aliases: ['C1'],
    title: 'before v2.6.28: entries are read again only when their shadow page is new',
    status: 'before',
    kernel: { commit: 'f7d9c7b7b902', version: '..v2.6.27', function: 'paging64_fetch' },
    about:
      'Another vCPU can have built the page, and dealt with the change, since this one walked: "KVM: MMU: Fix race when instantiating a shadow pte".',
    scenarios: ['unsync-two-levels'],
    patches: [replace('FETCH.5', rereadUnlessLinked())],
    expect: [...violated('unsync-two-levels', 'flushed-translation-is-not-used')],
  },
  {
    id: 'table-not-write-protected',
    aliases: [],
    title: 'a table that is shadowed for the first time keeps its writable mappings',
    status: 'control',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about: 'GET.11 and GET.12 left out: nothing tells KVM of stores through mappings made earlier.',
    scenarios: ['tracked-pgd', 'write-protect-before-reread'],
    patches: [drop('GET.11'), drop('GET.12')],
    expect: [
      ...violated(
        'tracked-pgd',
        'synced-page-agrees',
        'flushed-translation-is-not-used',
        'tracked-table-is-not-writable',
      ),
      ...notReached(
        'Every store goes through a mapping that was made before the frame was a table.',
        'tracked-pgd',
        'store-to-a-table-is-emulated',
      ),
      ...vacuous(NO_FLUSH, 'tracked-pgd', 'no-needless-flush'),
      ...violated(
        'write-protect-before-reread',
        'synced-page-agrees',
        'flushed-translation-is-not-used',
        'writable-table-is-unsync',
      ),
      ...vacuous(NO_FLUSH, 'write-protect-before-reread', 'no-needless-flush'),
      ...vacuous(
        'The table stays mapped writable, so that no store to it faults, and only a fault makes a page unsync.',
        'write-protect-before-reread',
        'unsync-page-can-be-found',
      ),
    ],
  },
  {
    id: 'table-not-flushed',
    aliases: [],
    title: 'a table is write-protected without a flush of the TLBs',
    status: 'control',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about: 'GET.12 left out: a vCPU can go on writing with what it has cached.',
    scenarios: ['tracked-pgd', 'write-protect-before-reread'],
    patches: [drop('GET.12 flush')],
    expect: [
      ...violated(
        'tracked-pgd',
        'no-flush-debt-at-unlock',
        'synced-page-agrees',
        'flushed-translation-is-not-used',
        'tracked-table-is-not-writable',
      ),
      ...violated(
        'write-protect-before-reread',
        'no-flush-debt-at-unlock',
        'synced-page-agrees',
        'flushed-translation-is-not-used',
      ),
    ],
  },
  {
    id: 'flush-after-every-build',
    aliases: [],
    title: 'building a shadow page always flushes, whether its table was writable anywhere or not',
    status: 'control',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about: 'Safe, and one interrupt for every vCPU each time a table is shadowed.',
    scenarios: ['tracked-pgd'],
    patches: [drop('GET.12 test')],
    expect: violated('tracked-pgd', 'no-needless-flush'),
  },
  {
    id: 'store-not-tracked',
    aliases: [],
    title: 'an emulated store to a table zaps nothing',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_track_write' },
    about: 'TR.6 left out: the SPTE made of the old entry stays.',
    scenarios: ['tracked-pgd'],
    patches: [only('vcpu', drop('TR.6'))],
    expect: [...violated('tracked-pgd', 'synced-page-agrees', 'flushed-translation-is-not-used')],
  },
]

/** FETCH.5 as it was: a page that is linked already is taken to have been checked. */
function rereadUnlessLinked() {
  const level = (kvm: Kvm, v: number): number => guest_levels(kvm) - kvm.vcpu[v].fault.level
  const linked = (kvm: Kvm, v: number): boolean => {
    const { gva, fault } = kvm.vcpu[v]
    const { spte } = kvm.page[fault.sp as number]
    return spte[index_at(gva, level(kvm, v) + 1, spte.length)].kind === 'non-leaf'
  }
  const changed = (kvm: Kvm, v: number): boolean => {
    const { gva, fault } = kvm.vcpu[v]
    const table = fault.gpte[level(kvm, v)].to as number
    return !same_gpte(gpte_at(kvm, table, gva, level(kvm, v)), fault.gpte[level(kvm, v) - 1])
  }
  return step<Kvm>(
    'FETCH.5',
    {
      fn: 'paging64_fetch',
      since: '..v2.6.27',
      shows: (kvm, v) =>
        linked(kvm, v) ? 'page exists, entry not read again' : `gpte_changed() = ${changed(kvm, v)}`,
    },
    [{ when: linked, to: 'FETCH.6' }, { when: changed, to: 'PF.15' }, {}],
  )
}
