import { block, choice, type Entry, type Step, step } from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Locals } from './make-request.ts'

const fn = 'kvm_arch_memslots_updated'
const since = 'v3.13..v7.2'

/**
 * `kvm_vcpu_kick()` of all vCPUs, whenever memslots were installed (7.2 x86.c 12802, for the steal time cache): a vCPU in
 * guest mode leaves it, but no request is made, and the sender waits for nothing. So the next sender of a request finds
 * EXITING_GUEST_MODE, with the vCPU still in the guest.
 *
 * The kernel visits the vCPUs by index; any order is possible here, as for requests.
 */
export function kickAllVcpus(name: string, { vcpus, memslots }: Bounds, locals: Locals): Entry<Kvm>[] {
  if (!memslots.kicks) return []
  return [block(name, vcpus === 1 ? [kick('kick', 0)] : inAnyOrder(vcpus, locals), { fn })]
}

function inAnyOrder(vcpus: number, locals: Locals): Entry<Kvm>[] {
  const each = Array.from({ length: vcpus }, (_, v) => v)
  return [
    step(
      'all',
      { fn, since, c: 'kvm_for_each_vcpu(', shows: 'kvm_for_each_vcpu()', quiet: true },
      {
        does: (kvm, self) => {
          for (const v of each) locals(kvm, self).todo.add(v)
        },
      },
    ),
    choice(
      'each',
      each.map((v) => kick(`kick[${v}]`, v, locals)),
    ),
    step('again', { fn, since, c: { none: 'model' }, shows: 'next vCPU', quiet: true }, [
      { when: (kvm, self) => !locals(kvm, self).todo.isEmpty(), to: 'each' },
      {},
    ]),
  ]
}

function kick(name: string, v: number, locals?: Locals): Step<Kvm> {
  return step(
    name,
    {
      fn: 'kvm_vcpu_kick',
      since,
      c: {
        'v6.1': 'kvm_arch_vcpu_should_kick(',
        'v7.2': { callee: '__kvm_vcpu_kick', at: 'kvm_arch_vcpu_should_kick(' },
      },
      shows: (kvm) => `cmpxchg(vcpu${v}->mode): ${kvm.vcpu[v].mode}`,
      fused: 'No thread waits for this IPI, and until it arrives the CPU runs the guest as it does before.',
    },
    {
      ...(locals === undefined ? {} : { when: (kvm, self) => locals(kvm, self).todo.has(v) }),
      does: (kvm, self) => {
        locals?.(kvm, self).todo.delete(v)
        if (kvm.vcpu[v].mode !== 'IN_GUEST_MODE') return
        kvm.vcpu[v].mode = 'EXITING_GUEST_MODE'
        kvm.vcpu[v].ipi = true
      },
      ...(locals === undefined ? {} : { to: 'again' }),
    },
  )
}
