import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/**
 * During a pass, a bit may be in dirty_bitmap_buffer only, and a store may come between the exchange and the
 * flush; the copy that userspace makes afterwards contains it. A fault handler that has installed a writable
 * SPTE sets the bit before its vCPU can be stopped for the final pass.
 */
export const noWriteMissingFromTheDirtyLog: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-write-missing-from-the-dirty-log',
  aliases: ['I22'],
  title:
    'Every page that the guest has written since userspace last copied it has its bit set in the dirty log, or a fault handler is about to set it.',
  when: 'between passes: after userspace has copied the pages of one, before it starts the next',
  reference: 'kvm_get_dirty_log_protect(), kvm_clear_dirty_log_protect(), mark_page_dirty_in_slot()',
  consequence: 'The page is not copied again, and the migrated guest resumes with old contents.',
  given: (kvm, at) => between_passes(at) && !kvm.uncopied.isEmpty(),
  holds: (kvm, at) =>
    !between_passes(at) ||
    kvm.uncopied.elements().every((gfn) => kvm.dirty_bitmap.has(gfn) || is_about_to_be_marked(kvm, at, gfn)),
}

const between_passes = (at: Counters): boolean => at.dirtylog[0] === 'idle'

/** A fault handler for the gfn is at the step that sets its bit. */
function is_about_to_be_marked(kvm: Kvm, at: Counters, gfn: number): boolean {
  return all(kvm.vcpu).some(
    (v) => /\/(SET\.3|FPF\.5|TR\.1 mark)$/.test(at.vcpu[v]) && kvm.vcpu[v].fault.gpte[0].to === gfn,
  )
}
