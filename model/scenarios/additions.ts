import type { Patch } from '../language/patch.ts'
import type { Property } from '../language/property.ts'
import type { ThreadGroup } from '../language/system.ts'
import type { Added, Adds, With } from '../memory/added.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Sorts } from '../memory/sorts.ts'

/** What a design brings that the model does not have: fields, threads, properties. */
export interface Additions<W> {
  readonly fields?: Adds
  /** Sets up the added fields in the initial state; without, each has its first value. */
  readonly setUp?: (kvm: W, bounds: Bounds) => void
  readonly threads?: (sorts: Sorts, bounds: Bounds) => readonly ThreadGroup<W>[]
  /** Checked in the scenarios of the design, with it only. */
  readonly properties?: readonly Property<W>[]
}

/** A change of the model: patches, and what they need that the model does not have. */
export interface Change<W> {
  readonly patches: readonly Patch<W>[]
  readonly adds?: Additions<W>
}

/**
 * Writes a change whose code sees the fields that it adds. Elsewhere nothing knows of them, so the types of
 * its parts are forgotten here, once.
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
