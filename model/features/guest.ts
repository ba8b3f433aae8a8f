import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { inPageFault, writeTracked } from '../machines/fault/page-fault.ts'
import { EXIT, NEW_PGD, SAME_CR3, TRACK_WRITE } from '../machines/hand-over.ts'
import { newPgd, reloadCr3 } from '../machines/roots/new-pgd.ts'
import { handleMmuSync, INVLPG, invlpg } from '../machines/shadow/sync.ts'
import { trackWrite } from '../machines/shadow/track-write.ts'
import { exit } from '../machines/vcpu/exits.ts'
import { beginInvlpg, cr3Loads } from '../machines/vcpu/guest.ts'
import { beginGuestPteWrite } from '../machines/vcpu/guest-stores.ts'
import { CR0, setCr0, wpToggle } from '../machines/vcpu/set-cr0.ts'
import { CR4, paeToggle, setCr4 } from '../machines/vcpu/set-cr4.ts'
import { has_only_tdp, watched } from '../memory/bounds.ts'
import type { Feature } from './feature.ts'

/** Guest instructions that change its address space or its page tables. */
export const guest: Feature = {
  id: 'guest',
  title: 'CR3 and CR4 loads, INVLPG, and stores to page tables',
  parts: (bounds) => {
    const { cr3Loads: loads, paeToggles, wpToggles, invlpgs, edits } = bounds.guest
    return {
      vcpu: [
        placed(20, ...when(watched(bounds), handleMmuSync(bounds))),
        placed(320, ...when(loads > 0, exit(EXIT.cr3, NEW_PGD))),
        placed(325, ...when(loads > 0 && edits.length > 0, exit(EXIT.sameCr3, SAME_CR3))),
        placed(340, ...when(paeToggles > 0, exit(EXIT.cr4, CR4))),
        placed(345, ...when(wpToggles > 0, exit(EXIT.cr0, CR0))),
        placed(
          370,
          ...when(
            edits.some(({ emulatedInto }) => emulatedInto !== undefined),
            exit(EXIT.emulatedStore, TRACK_WRITE),
          ),
        ),
        placed(380, ...when(invlpgs > 0, exit(EXIT.invlpg, INVLPG))),
        placed(440, ...when(loads > 0 || bounds.nested.runs > 0, newPgd(bounds))),
        placed(445, ...when(loads > 0 && edits.length > 0, reloadCr3())),
        placed(460, ...when(paeToggles > 0, setCr4(bounds))),
        placed(465, ...when(wpToggles > 0, setCr0(bounds))),
        placed(500, ...when(watched(bounds), trackWrite(bounds))),
        placed(510, ...when(invlpgs > 0, invlpg(bounds))),
      ],
      guest: [
        placed(40, ...edits.map((write, number) => beginGuestPteWrite(write, number))),
        placed(60, ...beginInvlpg(bounds)),
        placed(110, ...cr3Loads(bounds)),
        placed(130, ...paeToggle(bounds)),
        placed(135, ...wpToggle(bounds)),
      ],
      pageFault: [placed(40, ...inPageFault(...when(watched(bounds), writeTracked(bounds))))],
    }
  },
  setUp: (kvm, { vcpus, guest }) => {
    for (let v = 0; v < vcpus; v++) {
      kvm.vcpu[v].cr3_loads = guest.cr3Loads
      kvm.vcpu[v].pte_writes_left = guest.editsLeft
      kvm.vcpu[v].invlpgs_left = guest.invlpgs
      kvm.vcpu[v].pae_toggles = guest.paeToggles
      kvm.vcpu[v].wp_toggles = guest.wpToggles
    }
  },
  refuses: (bounds) => {
    const { guest, nested, shadow } = bounds
    const { edits, editsLeft, cr3Loads, pgds, gvas, gfns, tables, reads = [], writes = [], wpToggles } = guest
    if (wpToggles > 0 && (nested.mmus > 1 || shadow.withoutGptes.length > 0))
      return 'guest.wpToggles is for shadow paging: CR0.WP is part of no other role'
    if (editsLeft > 0 && edits.length === 0)
      return 'guest.editsLeft needs guest.edits: there is no store to make'
    if (edits.length > 0 && editsLeft === 0) return 'guest.edits needs guest.editsLeft: no store is ever made'
    if (cr3Loads > 0 && pgds === 1 && edits.length === 0)
      return 'guest.cr3Loads needs a second page directory (guest.pgds) or guest.edits: a load changes nothing'
    if (tables === 0 && !has_only_tdp(bounds))
      return 'there are no guest tables (start.tables); only a VM that runs on the TDP MMU alone needs none'
    if (tables > gfns) return `guest.gfns is ${gfns}, but ${tables} frames hold page tables`
    if (pgds > Math.max(1, tables)) return `guest.pgds is ${pgds}, but only ${tables} frames hold page tables`
    const far = [...reads, ...writes, ...edits.map(({ gva }) => gva)].find((gva) => gva >= gvas)
    return far === undefined ? null : `the guest uses address ${far}, but guest.gvas is ${gvas}`
  },
}
