import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** Whether some SPTE points to a page. */
export function links_to(kvm: Kvm, page: number): boolean {
  return all(kvm.page).some((p) => {
    const { spte } = kvm.page[p]
    return all(spte).some((i) => spte[i].kind === 'non-leaf' && spte[i].child === page)
  })
}
