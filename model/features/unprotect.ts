import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { writeProtectFault } from '../machines/shadow/write-protect-fault.ts'
import { beginUnemulatableStore } from '../machines/vcpu/guest-stores.ts'
import type { Feature } from './feature.ts'

/** Stores that KVM cannot emulate, to protected tables, which KVM unprotects for them. */
export const unprotect: Feature = {
  id: 'unprotect',
  title: 'stores that KVM cannot emulate, and unprotecting',
  parts: (bounds) => {
    const { stores } = bounds.unprotect
    return {
      vcpu: [placed(490, ...when(stores.length > 0, writeProtectFault(bounds)))],
      guest: [placed(50, ...stores.map((store, number) => beginUnemulatableStore(store, number)))],
    }
  },
  setUp: (kvm, { vcpus, unprotect: { stores, left } }) => {
    for (let v = 0; v < vcpus; v++) {
      kvm.vcpu[v].unemulatable_stores_left = stores.some(({ by }) => by === v) ? left : 0
    }
  },
  refuses: ({ unprotect: { stores, left }, vcpus, guest }) => {
    if (left > 0 && stores.length === 0)
      return 'unprotect.left needs unprotect.stores: there is no store to make'
    const wrong = stores.find(({ gva, by }) => gva >= guest.gvas || by >= vcpus)
    return wrong === undefined
      ? null
      : `unprotect.stores: there is no address ${wrong.gva} or no vCPU ${wrong.by} (guest.gvas, vcpus)`
  },
}
