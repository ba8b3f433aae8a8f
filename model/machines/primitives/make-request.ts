import type { Anchor } from '../../language/anchor.ts'
import { type Block, block, choice, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Request, Requester } from '../../memory/primitives/fields.ts'
import { note_end_of_flush, note_flush } from '../../memory/vcpu/tlb.ts'

const fn = 'kvm_make_all_cpus_request'
const since: ReadIn = 'v4.19..v7.2'

/** Until v6.8 the body is that of a helper, which can leave out a vCPU. */
const inAllCpusRequest = (at: string): Anchor => ({
  'v6.1': { callee: 'kvm_make_all_cpus_request_except', at },
  'v6.12': at,
})

/** Finds the local variables of a call in the thread that makes it. */
export type Locals = (kvm: Kvm, self: number) => Requester

/**
 * `kvm_make_all_cpus_request(kvm, KVM_REQ_...)` with KVM_REQUEST_WAIT and NO_WAKEUP, as the MMU uses it. Setting
 * the bit and reading the mode are two steps for each vCPU, because the target can run in between.
 *
 * The kernel visits the vCPUs by index. Here any order is possible: it contains the kernel's, nothing in
 * the kernel relies on it, and it keeps the vCPUs interchangeable.
 */
export function makeAllCpusRequest(
  name: string,
  request: Request,
  vcpus: number,
  locals: Locals,
): Block<Kvm> {
  const each = Array.from({ length: vcpus }, (_, v) => v)
  return block(
    name,
    [
      step(
        'REQ.0',
        { fn, since, c: inAllCpusRequest('cpumask_clear('), shows: `kvm_make_all_cpus_request(${request})` },
        {
          does: (kvm, self) => {
            for (const v of each) locals(kvm, self).todo.add(v)
            // History: this flush covers everything that SPTEs have lost so far.
            if (request !== 'TLB_FLUSH') return
            if (kvm.flush_pending.length > 0) kvm.flush_pending[0] = false
            note_flush(kvm)
          },
        },
      ),
      choice(
        'REQ.1',
        each.map((v) =>
          step(
            `REQ.1[${v}]`,
            {
              fn,
              since,
              c: { callee: 'kvm_make_vcpu_request', at: '__kvm_make_request(' },
              shows: `vcpu${v}->requests |= ${request}`,
            },
            {
              when: (kvm, self) => locals(kvm, self).todo.has(v),
              does: (kvm, self) => {
                const local = locals(kvm, self)
                kvm.vcpu[v].requests.add(request)
                local.todo.delete(v)
                local.now = v
              },
              to: 'REQ.2',
            },
          ),
        ),
      ),
      exchangeMode(locals),
      step(
        'REQ.4',
        {
          fn: 'kvm_kick_many_cpus',
          since,
          c: 'smp_call_function_many(',
          shows: (kvm, self) => {
            const targets = locals(kvm, self).ipis.elements()
            return targets.length === 0
              ? 'no vCPU to interrupt'
              : `send IPI to ${targets.map((v) => `vcpu${v}`).join(', ')}`
          },
          fused:
            'A target that has left guest mode meanwhile has IRQs enabled and takes the IPI immediately.',
        },
        {
          does: (kvm, self) => {
            for (const v of locals(kvm, self).ipis.elements()) {
              if (kvm.vcpu[v].mode !== 'OUTSIDE_GUEST_MODE') kvm.vcpu[v].ipi = true
            }
          },
        },
      ),
      step(
        'REQ.5',
        {
          fn: 'kvm_kick_many_cpus',
          since,
          c: 'smp_call_function_many(',
          shows: 'every IPI was taken',
          quiet: true,
        },
        {
          when: (kvm, self) =>
            locals(kvm, self)
              .ipis.elements()
              .every((v) => !kvm.vcpu[v].ipi),
        },
      ),
      step(
        'REQ.end',
        { fn, since, c: inAllCpusRequest('return called'), shows: 'return', quiet: true },
        {
          does: (kvm, self) => {
            locals(kvm, self).ipis.clear()
            if (request === 'TLB_FLUSH') note_end_of_flush(kvm)
          },
        },
      ),
    ],
    { fn },
  )
}

/** REQ.2, with the condition of a design for the modes in which a vCPU needs an IPI. */
export function exchangeMode(
  locals: Locals,
  needsIpi: (mode: Kvm['vcpu'][number]['mode']) => boolean = (mode) => mode !== 'OUTSIDE_GUEST_MODE',
): Step<Kvm> {
  return step(
    'REQ.2',
    {
      fn,
      since,
      c: { callee: 'kvm_make_vcpu_request', at: 'kvm_request_needs_ipi(' },
      shows: (kvm, self) => {
        const v = locals(kvm, self).now as number
        return `cmpxchg(vcpu${v}->mode): ${kvm.vcpu[v].mode}`
      },
      fused:
        'The test of the old mode (REQ.3) uses the value that the cmpxchg returned, which is private to the sender.',
    },
    [
      {
        when: (kvm, self) => !locals(kvm, self).todo.isEmpty(),
        does: (kvm, self) => exchange_mode(kvm, locals(kvm, self), needsIpi),
        to: 'REQ.1',
      },
      { does: (kvm, self) => exchange_mode(kvm, locals(kvm, self), needsIpi) },
    ],
  )
}

/** REQ.2 and REQ.3: with WAIT, an IPI is needed unless the vCPU was outside guest mode. */
function exchange_mode(
  kvm: Kvm,
  local: Requester,
  needsIpi: (mode: Kvm['vcpu'][number]['mode']) => boolean,
): void {
  const v = local.now as number
  const target = kvm.vcpu[v]
  if (needsIpi(target.mode)) local.ipis.add(v)
  if (target.mode === 'IN_GUEST_MODE') target.mode = 'EXITING_GUEST_MODE'
  local.now = null
}
