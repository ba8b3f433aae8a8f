import { type Step, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { mmu_page_zap_pte, parents_of, type Sptep } from '../../memory/shadow/rmap.ts'
import { is_obsolete_sp, list_del_active } from '../../memory/shadow/shadow-page.ts'
import { is_accounted, unaccount_shadowed } from '../../memory/shadow/write-tracking.ts'
import { whileNoneIsWalked } from '../primitives/rmap-lock.ts'
import type { Zapping } from './zapping.ts'

/** Whether a page of L1's nested tables may be zapped when it has lost its last parent. */
export type OrphanTest = (kvm: Kvm, page: number) => boolean

/** 7a2c70e777a0 (v7.2): not while it is a root in use. */
const unusedAsRoot: OrphanTest = (kvm, page) => kvm.page[page].root_count === 0

/**
 * ZAP.2 for pages that shadow L1's nested tables: L1 rarely uses a table again once nothing points at it, so a child
 * that loses its last parent is zapped, too.
 */
export function unlinkNestedChildren(zapping: Zapping, mayZap: OrphanTest = unusedAsRoot): Step<Kvm> {
  const { sp } = zapping
  return step(
    'ZAP.2',
    {
      fn: 'mmu_page_zap_pte',
      since: 'v5.9..v7.2',
      c: 'kvm_mmu_prepare_zap_page(',
      shows: (kvm, self) => `zap SPTEs and tables of page ${sp(kvm, self)}`,
      fused:
        'Whole pages at once: mmu_lock is held, each SPTE only goes away before the flush, and a lockless test of a root comes after the request that follows.',
    },
    {
      // Of the page itself; the pages that are zapped along with it are not waited for.
      ...whileNoneIsWalked((kvm, self) => [sp(kvm, self)]),
      does: (kvm, self) => {
        const page = sp(kvm, self)
        unlink_nested(kvm, self, page, zapping, mayZap)
        if (is_accounted(kvm, page)) unaccount_shadowed(kvm, page)
      },
    },
  )
}

/** Drops all SPTEs of a page, and zaps nested tables that lose their last parent by it, if `mayZap` allows it. */
export function unlink_nested(
  kvm: Kvm,
  self: number,
  page: number,
  zapping: Zapping,
  mayZap: OrphanTest = unusedAsRoot,
): void {
  for (let index = 0; index < kvm.page[page].spte.length; index++)
    zap_nested_pte(kvm, self, { page, index }, zapping, mayZap)
}

/** `mmu_page_zap_pte()` with a list: a nested table that loses its last parent is zapped, too. */
export function zap_nested_pte(
  kvm: Kvm,
  self: number,
  sptep: Sptep,
  zapping: Zapping,
  mayZap: OrphanTest = unusedAsRoot,
): void {
  const { child } = kvm.page[sptep.page].spte[sptep.index]
  mmu_page_zap_pte(kvm, sptep)
  if (child === null || !kvm.page[child].role_guest_mode) return
  if (parents_of(kvm, child).length === 0 && mayZap(kvm, child)) zap_orphan(kvm, self, child, zapping, mayZap)
}

/** `__kvm_mmu_prepare_zap_page()` of a table without parents. */
function zap_orphan(kvm: Kvm, self: number, page: number, zapping: Zapping, mayZap: OrphanTest): void {
  unlink_nested(kvm, self, page, zapping, mayZap)
  const sp = kvm.page[page]
  if (is_accounted(kvm, page)) unaccount_shadowed(kvm, page)
  if (!sp.role_invalid) list_del_active(kvm, page)
  if (sp.root_count > 0 && !is_obsolete_sp(kvm, page)) zapping.rootZapped?.(kvm, self)
  sp.list = sp.root_count > 0 ? 'pinned' : zapping.list
  sp.role_invalid = true
}
