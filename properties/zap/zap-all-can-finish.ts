import type { AlwaysPossible } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

export const zapAllCanFinish: AlwaysPossible<Kvm> = {
  kind: 'progress',
  id: 'zap-all-can-finish',
  aliases: [],
  title: 'From every state, the memslot update can still finish zapping.',
  when: 'always possible (AG EF)',
  reference: 'kvm_mmu_zap_all_fast(), kvm_zap_obsolete_pages()',
  consequence: 'The ioctl that deletes the memslot never returns.',
  goal: (_kvm, at) => at.memslot[0] === 'idle',
}
