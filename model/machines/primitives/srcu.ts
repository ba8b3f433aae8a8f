import { type Block, block, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'

const fn = 'synchronize_srcu_expedited'
const since: ReadIn = 'v2.6.36..v7.2'

/** Where the memslot thread calls it. */
const c = { fn: 'kvm_swap_active_memslots', at: 'synchronize_srcu_expedited(' }

/** `synchronize_srcu(&kvm->srcu)` of the memslot thread: waits for the readers at the time of the call. */
export function synchronizeSrcu(name: string): Block<Kvm> {
  return block(name, [
    step(
      'SRCU.1',
      {
        fn,
        since,
        c,
        shows: (kvm) => {
          const readers = [...names('vcpu', kvm.vcpu_in_srcu), ...names('notifier', kvm.notifier_in_srcu)]
          return `readers inside: ${readers.join(', ') || 'none'}`
        },
        fused: 'The grace period begins at one instant; it does not wait for readers that enter later.',
      },
      {
        does: (kvm) => {
          const local = kvm.memslot[0]
          for (let v = 0; v < kvm.vcpu_in_srcu.length; v++) {
            if (kvm.vcpu_in_srcu[v]) local.vcpu_readers.add(v)
          }
          for (let n = 0; n < kvm.notifier_in_srcu.length; n++) {
            if (kvm.notifier_in_srcu[n]) local.notifier_readers.add(n)
          }
        },
      },
    ),
    step(
      'SRCU.2',
      { fn, since, c, shows: 'all of them have left' },
      {
        when: (kvm) => kvm.memslot[0].vcpu_readers.isEmpty() && kvm.memslot[0].notifier_readers.isEmpty(),
      },
    ),
  ])
}

function names(kind: string, inside: Iterable<boolean>): string[] {
  return [...inside].flatMap((reads, i) => (reads ? [`${kind}${i}`] : []))
}
