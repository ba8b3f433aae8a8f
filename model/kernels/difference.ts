import type { Patch } from '../language/patch.ts'
import type { Version } from '../language/versions.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'

/**
 * A change of KVM between two of the kernels that the model is of. The machines are written as the newest kernel has
 * them; an older one is the newest with the differences undone that it does not have.
 */
export interface Difference {
  /** Stable name in words, `aging-without-mmu-lock`. */
  readonly id: string
  /** The newer form in one line, as in the subject of a commit. */
  readonly title: string
  /** The first mainline version that has the newer form. */
  readonly since: Version
  /** Stable releases that have it, too, although they branched off before. */
  readonly backports?: readonly Version[]
  /** The commit that introduced it, if it is known. */
  readonly commit?: string
  readonly function: string
  /** What the older form did, and what follows from it. */
  readonly about: string
  /** Turns the newer form into the older one, where a scenario has the steps. */
  readonly before: (bounds: Bounds) => readonly Patch<Kvm>[]
}

/** Something that a scenario may contain and older kernels do not have at all. */
export interface Novelty {
  /** `KVM_PRE_FAULT_MEMORY`. */
  readonly what: string
  readonly since: Version
  readonly isIn: (bounds: Bounds) => boolean
}
