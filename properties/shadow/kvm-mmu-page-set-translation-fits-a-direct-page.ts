import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const kvmMmuPageSetTranslationFitsADirectPage: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'kvm-mmu-page-set-translation-fits-a-direct-page',
  aliases: [],
  title: 'A leaf SPTE of a direct shadow page maps the gfn that the page computes for it.',
  when: 'always',
  reference: 'WARN_ONCE() in kvm_mmu_page_set_translation(): "gfn mismatch under direct page"',
  consequence: 'The SPTE is put on the rmap of one gfn and looked for on that of another.',
  given: (kvm) => all(kvm.page).some((p) => kvm.page[p].role_direct && leaves(kvm, p).length > 0),
  holds: (kvm) =>
    all(kvm.page).every((p) => {
      const { role_direct, gfn, level, spte } = kvm.page[p]
      const span = spte.length ** (level - 1)
      return !role_direct || leaves(kvm, p).every((i) => spte[i].gfn === (gfn as number) + i * span)
    }),
}

function leaves(kvm: Kvm, page: number): number[] {
  const { spte } = kvm.page[page]
  return all(spte).filter((i) => spte[i].kind === 'leaf')
}
