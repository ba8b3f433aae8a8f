import type { ActionProperty } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from './guest-mode.ts'

type Mode = Kvm['vcpu'][number]['mode']

export const vcpuModeChangesAsAgreed: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'vcpu-mode-changes-as-agreed',
  aliases: ['I31'],
  title:
    'vcpu->mode leaves OUTSIDE_GUEST_MODE, and returns to it, by the vCPU only; others change IN_GUEST_MODE to EXITING_GUEST_MODE and nothing else.',
  when: 'whenever vcpu->mode changes',
  reference: 'kvm_vcpu_exiting_guest_mode(), the comment in __kvm_vcpu_kick()',
  consequence:
    'A sender takes a vCPU in the guest for one outside, and neither interrupts it nor waits for it.',
  judgedWhere: ({ requests }: Bounds) => requests.interrupts > 0 || requests.hardwareRoot,
  given: (before, _step, after) => all(before.vcpu).some((v) => before.vcpu[v].mode !== after.vcpu[v].mode),
  holds: (before, { kind, self }, after) =>
    all(before.vcpu).every((v) => {
      const [was, is] = [before.vcpu[v].mode, after.vcpu[v].mode]
      return was === is || may_change(was, is, (kind === 'vcpu' || kind === 'store_buffer') && self === v)
    }),
}

function may_change(was: Mode, is: Mode, own: boolean): boolean {
  if (is === 'EXITING_GUEST_MODE') return was === 'IN_GUEST_MODE'
  if (!own) return false
  return is === 'OUTSIDE_GUEST_MODE' || was === 'OUTSIDE_GUEST_MODE'
}
