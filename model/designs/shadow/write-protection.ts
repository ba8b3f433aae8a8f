import { drop, move, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { gpte_at, guest_levels, index_at, same_gpte } from '../../memory/primitives/guest-memory.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'

/**
 * A guest table is shadowed for the first time: in which order is it write-protected, flushed and read again?
 */
const NO_FLUSH = 'The only flush in this scenario is that of the write protection, which is left out.'

export const writeProtectionDesigns: readonly Design<Kvm>[] = [
  {
    id: 'protected-after-reread',
    aliases: ['B14'],
    title: 'write-protect and flush a guest table after reading its entry again, not before',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about:
      'A store between the read and the write-protection is missed: the shadow page counts as in sync, and only later stores are trapped.',
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
    title: 'write-protect a guest table before reading its entry again, but flush after',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about: 'As protected-after-reread, for a vCPU that caches the writable translation in its TLB.',
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
    title: 'do not read the guest entries again under mmu_lock',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about:
      'The guest may have changed an entry that the walk read without a lock before the SPTE is made from it.',
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
    title: 'before v2.6.28: read guest entries again only if their shadow page is new',
    status: 'before',
    kernel: { commit: 'f7d9c7b7b902', version: '..v2.6.27', function: 'paging64_fetch' },
    about:
      'Another vCPU may have built the page, and handled the change, since this one walked the guest tables. Fixed by f7d9c7b7b902 ("KVM: MMU: Fix race when instantiating a shadow pte").',
    scenarios: ['unsync-two-levels'],
    patches: [replace('FETCH.5', rereadUnlessLinked())],
    expect: [...violated('unsync-two-levels', 'flushed-translation-is-not-used')],
  },
  {
    id: 'table-not-write-protected',
    aliases: [],
    title: 'do not write-protect a guest table that is shadowed for the first time',
    status: 'control',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about: 'Without GET.11 and GET.12 KVM does not notice stores through existing writable mappings.',
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
        'Every store goes through a mapping that was installed before the gfn was shadowed.',
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
        'The table stays mapped writable, so no store to it faults, and only a fault makes a page unsync.',
        'write-protect-before-reread',
        'unsync-page-can-be-found',
      ),
    ],
  },
  {
    id: 'table-not-flushed',
    aliases: [],
    title: 'write-protect a guest table without flushing TLBs',
    status: 'control',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about: 'Without the flush of GET.12 a vCPU can keep writing through its TLB.',
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
    title: 'flush TLBs for every new shadow page, even if no SPTE mapped its table writable',
    status: 'control',
    kernel: { version: 'never merged', function: 'account_shadowed' },
    about: 'Safe, but interrupts every vCPU each time a table is shadowed.',
    scenarios: ['tracked-pgd'],
    patches: [drop('GET.12 test')],
    expect: violated('tracked-pgd', 'no-needless-flush'),
  },
  {
    id: 'store-not-tracked',
    aliases: [],
    title: 'do not zap SPTEs for an emulated store to a guest table',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_track_write' },
    about: 'Without TR.6 the SPTE of the old entry stays.',
    scenarios: ['tracked-pgd'],
    patches: [only('vcpu', drop('TR.6'))],
    expect: [...violated('tracked-pgd', 'synced-page-agrees', 'flushed-translation-is-not-used')],
  },
]

/** FETCH.5 before v2.6.28: entries whose non-leaf SPTE is present are not read again. */
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
