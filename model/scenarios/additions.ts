import type { Patch } from '../language/patch.ts'
import type { Property } from '../language/property.ts'
import type { ThreadGroup } from '../language/system.ts'
import type { Added, Adds, With } from '../memory/added.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Sorts } from '../memory/sorts.ts'

/** What a design adds to the model: fields, threads and properties. */
export interface Additions<W> {
  readonly fields?: Adds
  /** Sets up the added fields in the initial state; without it, each field has its first value. */
  readonly setUp?: (kvm: W, bounds: Bounds) => void
  readonly threads?: (sorts: Sorts, bounds: Bounds) => readonly ThreadGroup<W>[]
  /** Checked in the scenarios of the design, with the design only. */
  readonly properties?: readonly Property<W>[]
}

/** A change of the model: patches, and the additions that they need. */
export interface Change<W> {
  readonly patches: readonly Patch<W>[]
  readonly adds?: Additions<W>
  /** Patches that come before these: the model as an older kernel has it. */
  readonly base?: (bounds: Bounds) => readonly Patch<W>[]
}

/**
 * Types a change whose code sees the fields that it adds. No other code knows these fields, so their types are
 * erased here.
 */
export function changeOf<A extends Added>(change: {
  readonly fields: Adds<A>
  readonly setUp?: (kvm: With<Kvm, A>, bounds: Bounds) => void
  readonly threads?: (sorts: Sorts, bounds: Bounds) => readonly ThreadGroup<With<Kvm, A>>[]
  readonly properties?: readonly Property<With<Kvm, A>>[]
  readonly patches: readonly Patch<With<Kvm, A>>[]
}): Change<Kvm> {
  const { patches, ...adds } = change
  return { patches, adds } as unknown as Change<Kvm>
}
