import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/**
 * Within a pass a bit may be in nobody's bitmap but in the hands of the pass, and a store may come after the
 * exchange and before the flush: it is in the copy that userspace makes after both. Who has stored a writable
 * SPTE and not set the bit yet sets it before it can be stopped for the last pass.
 */
export const noWriteMissingFromTheDirtyLog: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-write-missing-from-the-dirty-log',
  aliases: ['I22'],
  title:
    'Every page that the guest has written since userspace copied it last has its bit set in the dirty log, or a fault handler is about to set it.',
  when: 'between passes: after the flush, the report and the copying of one, before the next',
  reference: 'kvm_get_dirty_log_protect(), kvm_clear_dirty_log_protect(), mark_page_dirty_in_slot()',
  consequence: 'The page is not copied again: the migrated guest continues with old contents.',
  given: (kvm, at) => between_passes(at) && !kvm.uncopied.isEmpty(),
  holds: (kvm, at) =>
    !between_passes(at) ||
    kvm.uncopied.elements().every((gfn) => kvm.dirty_bitmap.has(gfn) || is_about_to_be_marked(kvm, at, gfn)),
}

const between_passes = (at: Counters): boolean => at.dirtylog[0] === 'idle'

/** Some vCPU's fault handler for the frame is at the step that sets the bit. */
function is_about_to_be_marked(kvm: Kvm, at: Counters, gfn: number): boolean {
  return all(kvm.vcpu).some(
    (v) => /\/(SET\.3|FPF\.5|TR\.1 mark)$/.test(at.vcpu[v]) && kvm.vcpu[v].fault.gpte[0].to === gfn,
  )
}
