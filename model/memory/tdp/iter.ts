import type { Bounds } from '../bounds.ts'
import type { Kvm } from '../kvm.ts'
import { index_at } from '../primitives/guest-memory.ts'
import type { Spte } from '../shadow/fields.ts'
import type { RootZapper } from './fields.ts'
import { use_tdp_page } from './rcu.ts'
import { copy_spte } from './spte.ts'

/** `gfn_round_for_level()`: the first frame that an entry of `level` maps. */
function gfn_round_for_level(gfn: number, level: number, { guest }: Bounds): number {
  return gfn - (gfn % guest.entries ** (level - 1))
}

/** The table in which the iterator is. @throws Oops if it was freed. */
export function iter_table(kvm: Kvm, iter: RootZapper): number {
  const root = iter.root as number
  const table = iter.level === kvm.page[root].level ? root : (iter.pt_path[iter.level - 1] as number)
  use_tdp_page(kvm, table, 'tdp_iter')
  return table
}

/** `*iter->sptep`. */
export function iter_spte(kvm: Kvm, iter: RootZapper, bounds: Bounds): Spte {
  return kvm.page[iter_table(kvm, iter)].spte[index_at(iter.gfn, iter.level, bounds.guest.entries)]
}

/** `iter->old_spte = kvm_tdp_mmu_read_spte(iter->sptep)`. */
export function read_spte(kvm: Kvm, iter: RootZapper, bounds: Bounds): void {
  copy_spte(iter_spte(kvm, iter, bounds), iter.old_spte)
}

/** `tdp_iter_restart()` without the read: continues from the root towards next_last_level_gfn. */
export function tdp_iter_restart(kvm: Kvm, iter: RootZapper, bounds: Bounds): void {
  const root_level = kvm.page[iter.root as number].level
  iter.level = root_level
  iter.gfn = gfn_round_for_level(iter.next_last_level_gfn, root_level, bounds)
  iter.progress = false
  for (let i = 0; i < iter.pt_path.length; i++) iter.pt_path[i] = null
}

/** `tdp_iter_start()` at gfn 0, without the read. */
export function tdp_iter_start(kvm: Kvm, iter: RootZapper, min_level: number, bounds: Bounds): void {
  iter.min_level = min_level
  iter.next_last_level_gfn = 0
  tdp_iter_restart(kvm, iter, bounds)
}

/** The rest of `try_step_down()`, of an entry that was read again and points to `table`; without the read. */
export function step_down(iter: RootZapper, table: number, bounds: Bounds): void {
  iter.level--
  iter.pt_path[iter.level - 1] = table
  iter.gfn = gfn_round_for_level(iter.next_last_level_gfn, iter.level, bounds)
}

/** `try_step_side()`, after as many `try_step_up()` as are needed; without the read. @returns false at the end. */
export function step_side(kvm: Kvm, iter: RootZapper, bounds: Bounds): boolean {
  const { entries } = bounds.guest
  const root_level = kvm.page[iter.root as number].level
  while (index_at(iter.gfn, iter.level, entries) === entries - 1) {
    if (iter.level === root_level) return false
    iter.pt_path[iter.level - 1] = null
    iter.level++
    iter.gfn = gfn_round_for_level(iter.gfn, iter.level, bounds)
  }
  iter.gfn += entries ** (iter.level - 1)
  iter.next_last_level_gfn = iter.gfn
  iter.progress = true
  return true
}

/** The entry at which a walk below a root ends on the way to a frame, and its level. @throws Oops if a page was freed. */
export function end_of_walk(
  kvm: Kvm,
  root: number,
  gfn: number,
): { readonly entry: Spte; readonly level: number } {
  let page = root
  for (let { level } = kvm.page[root]; ; level--) {
    use_tdp_page(kvm, page, 'a walk')
    const { spte } = kvm.page[page]
    const entry = spte[index_at(gfn, level, spte.length)]
    if (entry.kind !== 'non-leaf') return { entry, level }
    page = entry.child as number
  }
}
