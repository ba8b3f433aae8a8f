import { reloadIgnoresRequests } from '../../kernels/fault/reload-frees-obsolete-roots.ts'
import { only, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import { staleCheck } from '../../machines/fault/page-fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { is_obsolete_sp, list_add_active, list_del_active } from '../../memory/shadow/shadow-page.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated, violatedBecause } from '../expectation.ts'

/** Before v5.9 a zapped root that was still held went back to the head of active_mmu_pages. */
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

/** Roots without a shadow page, pinned roots, and fault retries outside the run loop. */
export const rootsWithoutPageDesigns: readonly Design<Kvm>[] = [
  {
    id: 'stale-check-follows-null',
    aliases: ['13.5'],
    title: 'v5.16-rc: assume in is_page_fault_stale() that every root has a shadow page',
    status: 'bug',
    kernel: { commit: 'a955cad84cda', version: 'v5.16-rc', function: 'is_page_fault_stale' },
    about: 'to_shadow_page() returns NULL for a PAE root. Fixed by 18c841e1f411 before v5.16.',
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
        'The vCPU does not continue after the oops.',
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
    title: 'return false in is_page_fault_stale() if the root has no shadow page',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'is_page_fault_stale' },
    about:
      'The obvious fix for the NULL pointer, without the second half of 18c841e1f411: a fault below a PAE root continues although a page of that root was zapped and the request to drop it is pending.',
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
    title: 'put a zapped root that is still held back on active_mmu_pages, without skipping it in the walk',
    status: 'before',
    kernel: { version: '..v5.8', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'Until v5.8 such a root went back to the head of the list, and every walk had to skip invalid pages; one that did not (8a674adc11cd, v5.1, was such a fix) found the same root again and again. Since f95eec9bed76 it is on no list.',
    scenarios: ['roots-zap-all-unbroken'],
    patches: [
      only('memslot', replace('ZAP.6', backOnTheList())),
      replace('ZF.5 next', walkOn()),
      replace('ZF.5 end', walkEnds()),
    ],
    expect: [
      ...violated('roots-zap-all-unbroken', 'zap-all-can-finish', 'every-access-can-finish'),
      ...notReached(
        'The fault needs mmu_lock, which the walk never drops.',
        'roots-zap-all-unbroken',
        'stale-fault-is-retried',
      ),
      ...vacuous(
        'Dropping a root needs mmu_lock, which the walk never drops.',
        'roots-zap-all-unbroken',
        'only-obsolete-roots-freed',
      ),
    ],
  },
  {
    id: 'prefault-ignores-requests',
    aliases: ['B31', 'prefault-obsolete-root-spin'],
    title: 'as shipped in v6.11: KVM_PRE_FAULT_MEMORY retries faults without servicing requests',
    status: 'bug',
    kernel: { version: 'v6.11..v6.14', function: 'kvm_mmu_reload' },
    about:
      'Every attempt is stale and is retried: kvm_mmu_reload() sees a valid root, and the request that would drop it is only serviced before VM-entry. Fixed by 20a6cff3b283 (v6.15).',
    scenarios: ['prefault-loop'],
    kernels: ['7.2'],
    patches: reloadIgnoresRequests,
    expect: violated('prefault-loop', 'no-fault-retried-for-ever'),
  },
]
