import {
  type Block,
  block,
  type Entry,
  inFunction,
  outOfOrder,
  type Step,
  step,
  when,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, has_dummy_roots } from '../../memory/bounds.ts'
import {
  current_level,
  fault_index,
  fault_spte,
  gpte_changed,
  huge,
  table_gfn,
} from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { drain } from '../../memory/primitives/store-buffer.ts'
import { root_level, root_page } from '../../memory/roots/mmu.ts'
import { drop_parent_pte, mmu_page_zap_pte } from '../../memory/shadow/rmap.ts'
import { has_role, type Role } from '../../memory/shadow/shadow-page.ts'
import { kvm_mmu_mark_parents_unsync } from '../../memory/shadow/write-tracking.ts'
import { END_OF_FAULT } from '../hand-over.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { getShadowPage } from '../shadow/get-shadow-page.ts'
import { syncChildren } from '../shadow/sync.ts'
import { zap_nested_pte } from '../zap/zap-nested-children.ts'
import { commitZapPage } from '../zap/zap-page.ts'
import type { Zapping } from '../zap/zapping.ts'
import { childAccess } from './access.ts'
import { hugepageAdjust, mapLarge } from './goal-level.ts'

const since: ReadIn = 'v6.0..v7.2'
const about = { fn: 'paging64_fetch', since }
const getChild = 'kvm_mmu_get_child_sp'

/**
 * FETCH.1 to FETCH.6: from the root down, find or build the shadow page of each guest table on the way, and link
 * it. mmu_lock is held; each time guest memory is read again is a step.
 */
export function fetch(bounds: Bounds): Entry<Kvm>[] {
  const top = (kvm: Kvm, v: number): number => root_level(kvm, v, bounds)
  return inFunction(
    about.fn,
    step<Kvm>(
      'FETCH.1',
      {
        ...about,
        c: 'paging64_gpte_changed(vcpu, gw, top_level)',
        shows: (kvm, v) =>
          `gpte_changed(level ${top(kvm, v)}) = ${gpte_changed(kvm, v, top(kvm, v), bounds)}`,
      },
      [
        { when: (kvm, v) => gpte_changed(kvm, v, top(kvm, v), bounds), to: END_OF_FAULT },
        {
          does: (kvm, v) => {
            const root = root_page(kvm, v, bounds)
            kvm.vcpu[v].fault.sp = root
            if (bounds.writeTracking.flooding) kvm.page[root].write_flooding_count = 0
          },
        },
      ],
    ),
    ...when(has_dummy_roots(bounds), replaceDummyRoot()),
    ...when(bounds.shadow.levels > 1, fetchLevel(bounds)),
  )
}

/** FETCH.2: the page directory has got a memslot since the dummy root was loaded: load another root, and retry. */
export function replaceDummyRoot(requests = true): Step<Kvm> {
  const dummy = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].dummy_root
  return step(
    'FETCH.2',
    {
      ...about,
      since: 'v6.12..v7.2',
      c: 'kvm_mmu_is_dummy_root(',
      shows: (kvm, v) =>
        `kvm_mmu_is_dummy_root(root.hpa) = ${dummy(kvm, v)}${dummy(kvm, v) && requests ? ', requests |= FREE_OBSOLETE_ROOTS' : ''}`,
      quiet: (kvm, v) => !dummy(kvm, v),
    },
    [
      {
        when: dummy,
        does: (kvm, v) => {
          if (requests) kvm.vcpu[v].requests.add('FREE_OBSOLETE_ROOTS')
        },
        to: END_OF_FAULT,
      },
      {},
    ],
  )
}

function fetchLevel(bounds: Bounds): Block<Kvm> {
  const wantedLevel = (kvm: Kvm, v: number): number => current_level(kvm, v, bounds) - 1
  const gfn = (kvm: Kvm, v: number): number => wanted_gfn(kvm, v, bounds)
  const linked = (kvm: Kvm, v: number): boolean => is_linked(kvm, v, bounds)
  return block('FETCH', [
    ...when(bounds.shadow.choosesLevel, hugepageAdjust(bounds), mapLarge(bounds)),
    ...when(bounds.shadow.accessRoles, childAccess(bounds)),
    ...when(
      bounds.shadow.accessRoles && bounds.guest.huge,
      ...outOfOrder(
        'because the model has one loop for the two of the kernel; this is in the second',
        validateDirectSpte(bounds),
      ),
    ),
    ...inFunction(
      getChild,
      // A block of one step, which keeps the step's path.
      block('GET.1', [testChild(bounds)]),
      copyParentRole(),
      ...getShadowPage(bounds, {
        gfn: gfn,
        level: wantedLevel,
        role: (kvm, v) => child_role(kvm, v, huge(kvm, v, bounds)),
        invalid: (kvm, v) => kvm.vcpu[v].fault.child_invalid,
        found: (kvm, v, page) => {
          kvm.vcpu[v].fault.child = page
        },
        page: (kvm, v) => kvm.vcpu[v].fault.child as number,
      }),
    ),
    ...when(bounds.shadow.levels > 2 && bounds.guest.edits.length > 0, syncBeforeLink(bounds)),
    step(
      'FETCH.5',
      {
        ...about,
        c: 'paging64_gpte_changed(vcpu, gw, it.level - 1)',
        shows: (kvm, v) =>
          huge(kvm, v, bounds)
            ? 'direct page: no guest table'
            : `gpte_changed(level ${wantedLevel(kvm, v)}) = ${gpte_changed(kvm, v, wantedLevel(kvm, v), bounds)}`,
      },
      [
        {
          when: (kvm, v) => !huge(kvm, v, bounds) && gpte_changed(kvm, v, wantedLevel(kvm, v), bounds),
          to: END_OF_FAULT,
        },
        {},
      ],
    ),
    replaceChild(bounds),
    step(
      'FETCH.6',
      {
        fn: 'link_shadow_page',
        since,
        c: { callee: '__link_shadow_page', at: 'mmu_spte_set(' },
        shows: (kvm, v) => {
          const { sp, child } = kvm.vcpu[v].fault
          return linked(kvm, v)
            ? 'linked already'
            : `page ${sp}.spte[${fault_index(kvm, v, bounds)}] -> page ${child}`
        },
        fused:
          'The SPTE, the parent list and the unsync marks: the last two are read under mmu_lock only, except the marks of a root, which matter only once the child can be reached.',
      },
      [
        { when: (kvm, v) => linked(kvm, v) },
        {
          does: (kvm, v) => {
            drain(kvm, v)
            const { sp, child } = kvm.vcpu[v].fault
            const entry = fault_spte(kvm, v, bounds)
            entry.kind = 'non-leaf'
            entry.child = child
            const page = kvm.page[child as number]
            page.parent_ptes[sp as number].add(fault_index(kvm, v, bounds))
            if (page.unsync || !page.unsync_child_bitmap.isEmpty())
              kvm_mmu_mark_parents_unsync(kvm, child as number)
          },
        },
      ],
    ),
    step(
      'FETCH.next',
      {
        ...about,
        c: { 'v6.1': 'shadow_walk_next(&it)', 'v7.2': 'for_each_shadow_entry(' },
        outOfOrder: 'because the head of the loop stands before its body',
        shows: (kvm, v) => `descend to page ${kvm.vcpu[v].fault.child}`,
      },
      [
        {
          when: (kvm, v) => current_level(kvm, v, bounds) > 2,
          does: descend,
          to: 'FETCH',
        },
        { does: descend },
      ],
    ),
  ])
}

/** Whether the SPTE points to the wanted child already: -EEXIST of kvm_mmu_get_child_sp(). */
function is_linked(kvm: Kvm, v: number, bounds: Bounds): boolean {
  const { kind, child } = fault_spte(kvm, v, bounds)
  return kind === 'non-leaf' && child === kvm.vcpu[v].fault.child
}

/**
 * FETCH.6, first half: whatever else is in the place of the non-leaf SPTE is zapped, with a flush: a large leaf
 * (404381c5839d), or the child that GET.1 refused (0cb2af2ea66a, 81ccda30b4e8, 2026). That child stays linked until
 * here, and beyond the end of the fault if FETCH.4 or FETCH.5 lets the guest retry.
 */
function replaceChild(bounds: Bounds): Block<Kvm> {
  const about = { fn: 'link_shadow_page', since: 'v5.16..v7.2' } as const
  const replaced = (kvm: Kvm, v: number): boolean =>
    fault_spte(kvm, v, bounds).kind !== 'none' && !is_linked(kvm, v, bounds)
  const nested = bounds.nested.guestMode
  const present = (kvm: Kvm, v: number): string => {
    const { kind, child } = fault_spte(kvm, v, bounds)
    return kind === 'leaf' ? 'a large page' : `page ${child}`
  }
  return block(
    'FETCH.6 replace',
    [
      step(
        'FETCH.6 test',
        {
          ...about,
          c: { callee: '__link_shadow_page', at: 'mmu_page_zap_pte(' },
          shows: (kvm, v) =>
            replaced(kvm, v) ? `mmu_page_zap_pte() of ${present(kvm, v)}` : 'nothing to replace',
          quiet: (kvm, v) => !replaced(kvm, v),
        },
        [
          { when: (kvm, v) => !replaced(kvm, v), to: 'FETCH.6' },
          {
            does: (kvm, v) => {
              drain(kvm, v)
              const sptep = { page: kvm.vcpu[v].fault.sp as number, index: fault_index(kvm, v, bounds) }
              if (nested) zap_nested_pte(kvm, v, sptep, REPLACING)
              else mmu_page_zap_pte(kvm, sptep)
            },
          },
        ],
      ),
      ...when(
        nested,
        ...outOfOrder('because until v7.0 the flush is in the same function', commitReplaced(bounds)),
      ),
      makeAllCpusRequest('FETCH.6 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    ],
    { fn: about.fn },
  )
}

const REPLACING: Zapping = { sp: (kvm, v) => kvm.vcpu[v].fault.sp as number, list: 'invalid_list of vcpu' }

/** `kvm_mmu_remote_flush_or_zap()`: if nested tables have lost their last parent, flush by way of the commit. */
function commitReplaced(bounds: Bounds): Block<Kvm> {
  const fn = 'kvm_mmu_remote_flush_or_zap'
  const zapped = (kvm: Kvm): boolean =>
    Array.from({ length: kvm.page.length }, (_, page) => page).some(
      (page) => kvm.page[page].list === REPLACING.list,
    )
  return block(
    'FETCH.6 zap',
    [
      step(
        'FETCH.6 list',
        {
          fn,
          since,
          c: {
            'v6.1': 'list_empty(invalid_list)',
            'v7.2': { fn: 'link_shadow_page', callee: '__link_shadow_page', at: 'kvm_mmu_commit_zap_page(' },
          },
          shows: (kvm) => `list_empty(invalid_list) = ${!zapped(kvm)}`,
          quiet: true,
        },
        [{ when: (kvm) => !zapped(kvm), to: 'FETCH.6 flush' }, {}],
      ),
      commitZapPage('FETCH.6 commit', REPLACING.list, bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
      step(
        'FETCH.6 freed',
        { fn, since, c: { none: 'model' }, shows: 'flushed and freed', quiet: true },
        { to: 'FETCH.6' },
      ),
    ],
    { fn },
  )
}

/**
 * `validate_direct_spte()`: the only place that drops a linked child before the wanted one is looked up: a direct
 * page of other access (9e7b0e7fba45).
 */
function validateDirectSpte(bounds: Bounds): Block<Kvm> {
  const about = { fn: 'validate_direct_spte', since: 'v2.6.37..v7.2' } as const
  const valid = (kvm: Kvm, v: number): boolean => {
    const { child } = fault_spte(kvm, v, bounds)
    return (
      !huge(kvm, v, bounds) ||
      child === null ||
      kvm.page[child].role_no_write === kvm.vcpu[v].fault.child_no_write
    )
  }
  return block(
    'GET.0',
    [
      step(
        'GET.0 test',
        {
          ...about,
          c: 'child->role.access == direct_access',
          shows: (kvm, v) => `child->role.access == direct_access: ${valid(kvm, v)}`,
          quiet: valid,
        },
        [
          { when: valid, to: 'GET.1' },
          {
            does: (kvm, v) =>
              drop_parent_pte(kvm, {
                page: kvm.vcpu[v].fault.sp as number,
                index: fault_index(kvm, v, bounds),
              }),
          },
        ],
      ),
      makeAllCpusRequest('GET.0 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    ],
    { fn: about.fn },
  )
}

function descend(kvm: Kvm, v: number): void {
  const { fault } = kvm.vcpu[v]
  fault.sp = fault.child
  fault.child = null
  fault.child_invalid = false
  fault.child_no_write = false
  fault.level++
}

/** The frame of the wanted child: the guest table that it shadows or, if it is direct, the first frame it maps. */
function wanted_gfn(kvm: Kvm, v: number, bounds: Bounds): number {
  const level = current_level(kvm, v, bounds) - 1
  if (huge(kvm, v, bounds)) return kvm.vcpu[v].fault.gpte[level].to as number
  return table_gfn(kvm, v, level, bounds)
}

/** The role of a child except `level` and `invalid`, derived from that of its parent (2e65e842c57d, v6.0). */
function child_role(kvm: Kvm, v: number, direct: boolean): Role {
  const { role_guest_mode, role_pae, role_wp_clear } = kvm.page[kvm.vcpu[v].fault.sp as number]
  const { child_no_write } = kvm.vcpu[v].fault
  return {
    direct,
    no_write: child_no_write,
    guest_mode: role_guest_mode,
    pae: role_pae,
    wp_clear: role_wp_clear,
  }
}

/** GET.2 from v6.0 to 2026: a child copies role.invalid from its parent as well. */
export function inheritInvalid(): Step<Kvm> {
  return copyParentRole((kvm, parent) => kvm.page[parent].role_invalid)
}

/**
 * GET.2: the child's role is copied from its parent's, except `invalid`: the kernel warns if that is set, and clears
 * it (since 2026; mmu.c 2204 in 6.1.192, 2294 in 6.12.117, 2450 in 7.2.13).
 */
function copyParentRole(invalid: (kvm: Kvm, parent: number) => boolean = () => false): Step<Kvm> {
  const copied = (kvm: Kvm, v: number): boolean => invalid(kvm, kvm.vcpu[v].fault.sp as number)
  return step(
    'GET.2',
    {
      fn: 'kvm_mmu_child_role',
      since,
      c: 'role.invalid = 0',
      outOfOrder: 'because the role of the parent does not change under mmu_lock',
      shows: (kvm, v) => `role.invalid = ${copied(kvm, v)}, as page ${kvm.vcpu[v].fault.sp}`,
      quiet: (kvm, v) => !copied(kvm, v),
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].fault.child_invalid = copied(kvm, v)
      },
    },
  )
}

/** What must be equal in an existing child and in the wanted one. */
export interface ChildTest {
  readonly gfn: boolean
  readonly role: boolean
}

/**
 * GET.1: a non-leaf SPTE is followed if its child has the wanted frame and role (0cb2af2ea66a, 81ccda30b4e8, 2026).
 * Otherwise the SPTE stays until FETCH.6. Designs leave out parts of the test.
 */
export function testChild(bounds: Bounds, tested: ChildTest = { gfn: true, role: true }): Step<Kvm> {
  const child = (kvm: Kvm, v: number): number | null => fault_spte(kvm, v, bounds).child
  const fits = (kvm: Kvm, v: number): boolean => {
    const page = child(kvm, v)
    if (page === null) return false
    if (tested.gfn && kvm.page[page].gfn !== wanted_gfn(kvm, v, bounds)) return false
    return !tested.role || has_role(kvm, page, child_role(kvm, v, huge(kvm, v, bounds)))
  }
  return step(
    'GET.1 test',
    {
      fn: getChild,
      since,
      c: 'is_shadow_present_pte(*sptep)',
      shows: (kvm, v) =>
        child(kvm, v) === null
          ? 'nothing linked'
          : `linked: page ${child(kvm, v)}, used for gfn ${wanted_gfn(kvm, v, bounds)} = ${fits(kvm, v)}`,
    },
    [
      {
        when: fits,
        does: (kvm, v) => {
          kvm.vcpu[v].fault.child = child(kvm, v)
        },
        to: 'FETCH.5',
      },
      {},
    ],
  )
}

/** FETCH.4: unsync pages below a page are synced before the page is linked (65855ed8b034, v5.16). */
function syncBeforeLink(bounds: Bounds): Block<Kvm> {
  return block(
    'FETCH.4',
    syncChildren(bounds, (kvm, v) => kvm.vcpu[v].fault.child as number, 'cannot yield'),
  )
}
