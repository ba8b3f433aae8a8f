import { drop, only, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import { staleCheck } from '../../machines/fault/page-fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { is_obsolete_sp, list_add_active, list_del_active } from '../../memory/shadow/shadow-page.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated, violatedBecause } from '../expectation.ts'

/** Before v5.9 a zapped root that is still held went back to the head of the list of active pages. */
function backOnTheList(): Step<Kvm> {
  return step(
    'ZAP.6',
    {
      fn: 'kvm_mmu_prepare_zap_page',
      since: '..v5.8',
      shows: (kvm) => {
        const page = kvm.memslot[0].sp as number
        return kvm.page[page].root_count > 0
          ? `page ${page}: list_move(&sp->link, &kvm->arch.active_mmu_pages)`
          : `page ${page}: list_move(&sp->link, invalid_list)`
      },
    },
    {
      does: (kvm) => {
        const page = kvm.memslot[0].sp as number
        list_del_active(kvm, page)
        if (kvm.page[page].root_count > 0) list_add_active(kvm, page)
        else kvm.page[page].list = 'invalid_list of memslot'
      },
    },
  )
}

const oldestObsolete = (kvm: Kvm): boolean => {
  const oldest = kvm.active_mmu_pages[0]
  return oldest !== null && is_obsolete_sp(kvm, oldest)
}

/** The walk takes the oldest page, invalid or not. */
function walkOn(): Step<Kvm> {
  return step(
    'ZF.5 next',
    {
      fn: 'kvm_zap_obsolete_pages',
      shows: (kvm) => `list tail: page ${kvm.active_mmu_pages[0]} is obsolete`,
    },
    {
      when: oldestObsolete,
      does: (kvm) => {
        kvm.memslot[0].sp = kvm.active_mmu_pages[0]
      },
      to: 'ZF.5 zap',
    },
  )
}

function walkEnds(): Step<Kvm> {
  return step(
    'ZF.5 end',
    { fn: 'kvm_zap_obsolete_pages', shows: 'list tail: nothing obsolete' },
    {
      when: (kvm) => !oldestObsolete(kvm),
      does: (kvm) => {
        kvm.memslot[0].batch = false
      },
      to: 'ZF.6',
    },
  )
}

/** Roots without a shadow page (shadow-mmu.md 5.3, 13.5), retries outside the run loop (12.3, 13.8), pinned roots. */
export const rootsWithoutPageDesigns: readonly Design<Kvm>[] = [
  {
    id: 'stale-check-follows-null',
    aliases: ['13.5'],
    title: 'v5.16-rc: is_page_fault_stale() takes every root to have a shadow page',
    status: 'bug',
    kernel: { commit: 'a955cad84cda', version: 'v5.16-rc', function: 'is_page_fault_stale' },
    about: 'to_shadow_page() of a PAE root is NULL. Fixed by 18c841e1f411 before v5.16.',
    scenarios: ['roots-without-page', 'roots-zap-one'],
    patches: [
      replace(
        'PF.12',
        staleCheck(is_obsolete_sp, (_kvm, v) => {
          throw new Oops('no-null-pointer', `vcpu${v}: is_obsolete_sp(NULL)`)
        }),
      ),
    ],
    expect: [
      ...violated('roots-without-page', 'no-null-pointer'),
      violatedBecause(
        'roots-without-page',
        'every-access-can-finish',
        'A vCPU whose fault oopses does not go on.',
      ),
      ...vacuous(
        'The first fault of the vCPU oopses, before it maps anything.',
        'roots-without-page',
        'no-tlb-entry-of-a-freed-root',
        'no-leaf-below-an-obsolete-root',
      ),
    ],
  },
  {
    id: 'stale-check-skips-roots-without-page',
    aliases: ['A2'],
    title: 'is_page_fault_stale() says no when the root has no shadow page',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'is_page_fault_stale' },
    about:
      'The obvious fix of the NULL pointer, without the second half of 18c841e1f411: a fault below a PAE root goes on although a page of that root was zapped and the request to drop it is pending.',
    scenarios: ['roots-without-page'],
    patches: [
      replace(
        'PF.12',
        staleCheck(is_obsolete_sp, () => false),
      ),
    ],
    expect: violated('roots-without-page', 'no-leaf-below-an-obsolete-root'),
  },
  {
    id: 'zapped-root-back-on-the-list',
    aliases: ['A9'],
    title: 'a zapped root that is still held goes back to active_mmu_pages, and the walk does not skip it',
    status: 'before',
    kernel: { version: '..v5.8', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'Until v5.8 such a root went back to the head of the list, and each walk had to skip what is invalid; one that forgot (8a674adc11cd, v5.1, was such a fix) meets the same root again and again. Since f95eec9bed76 it is on no list.',
    scenarios: ['roots-zap-all-unbroken'],
    patches: [
      only('memslot', replace('ZAP.6', backOnTheList())),
      replace('ZF.5 next', walkOn()),
      replace('ZF.5 end', walkEnds()),
    ],
    expect: [
      ...violated('roots-zap-all-unbroken', 'zap-all-can-finish', 'every-access-can-finish'),
      ...notReached(
        'A witness that needs mmu_lock, which the walk never gives back.',
        'roots-zap-all-unbroken',
        'stale-fault-is-retried',
      ),
      ...vacuous(
        'Dropping a root takes mmu_lock, which the walk never gives back.',
        'roots-zap-all-unbroken',
        'only-obsolete-roots-freed',
      ),
    ],
  },
  {
    id: 'prefault-ignores-requests',
    aliases: ['B31', 'prefault-obsolete-root-spin'],
    title: 'v6.11..v6.14: the loop of KVM_PRE_FAULT_MEMORY services no requests',
    status: 'bug',
    kernel: { version: 'v6.11..v6.14', function: 'kvm_mmu_reload' },
    about:
      'Stale, retry, stale, retry: the root is valid as far as kvm_mmu_reload() can see, and the request that would drop it waits for an entry into the guest. Fixed by 20a6cff3b283.',
    scenarios: ['prefault-loop'],
    patches: [drop('PREFAULT/PRE.1')],
    expect: violated('prefault-loop', 'no-fault-retried-for-ever'),
  },
]
