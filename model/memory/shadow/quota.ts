import { Oops } from '../../language/property.ts'
import type { Kvm } from '../kvm.ts'
import { all_pages } from './shadow-page.ts'

/** `kvm->arch.n_used_mmu_pages`: does not count zapped pages, except roots that are still held. */
export function used_pages(kvm: Kvm): number {
  return all_pages(kvm).filter((page) => {
    const { list } = kvm.page[page]
    return list === 'active' || list === 'pinned'
  }).length
}

/**
 * The pages on active_mmu_pages, oldest first.
 * @throws Oops when the list leads through a page that was freed.
 */
export function oldest_pages(kvm: Kvm): number[] {
  return [...kvm.active_mmu_pages]
    .filter((page) => page !== null)
    .map((page) => {
      if (kvm.page[page].list === 'free') {
        throw new Oops('no-use-after-free', `active_mmu_pages: page ${page} is used after it was freed`)
      }
      return page
    })
}
