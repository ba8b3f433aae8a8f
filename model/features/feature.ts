import type { z } from 'zod'
import type { Placed } from '../language/placed.ts'
import type { Entry, Step } from '../language/program.ts'
import type { ThreadGroup } from '../language/system.ts'
import type { Added, Adds, With } from '../memory/added.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Sorts } from '../memory/sorts.ts'

/** What a feature contributes to the threads of a scenario. The places are listed in README.md. */
export interface Parts<W = Kvm> {
  /** In the program of a vCPU: requests before entry, entry, exits and their handlers. */
  readonly vcpu?: readonly Placed<Entry<W>>[]
  /** In the choice of steps of the guest and the hardware in guest mode. */
  readonly guest?: readonly Placed<Step<W>>[]
  /** In the slow page fault of shadow paging. */
  readonly pageFault?: readonly Placed<Entry<W>>[]
  /** Further threads. */
  readonly threads?: readonly Placed<ThreadGroup<W>>[]
}

/**
 * A part of KVM that a scenario may have. It owns a group of the bounds; what is off there contributes no steps
 * and takes no state.
 */
export interface Feature {
  /** The name of its bounds: a group, or the single bound `vcpus`. */
  readonly id: string
  readonly title: string
  readonly parts: (bounds: Bounds, sorts: Sorts) => Parts
  /** Fields of the state that only this feature uses. */
  readonly fields?: Adds
  /** Sets up its part of the initial state. */
  readonly setUp?: (kvm: Kvm, bounds: Bounds) => void
  /** Why a combination of bounds makes no sense, as a sentence; null if it makes sense. */
  readonly refuses?: (bounds: Bounds) => string | null
}

/** A feature whose options no other part of the model reads, and which therefore declares them itself. */
export interface OwnFeature<Id extends string, Options extends z.ZodType> extends Feature {
  readonly id: Id
  readonly options: Options
}

/**
 * A feature in one file: its options, its fields and its steps. Its code sees the fields that it adds; the rest of
 * the model does not, so this function erases their types.
 * @param own `options` must have a default that switches the feature off.
 */
export function ownFeature<const Id extends string, Options extends z.ZodType, A extends Added>(own: {
  readonly id: Id
  readonly title: string
  readonly options: Options
  readonly fields: (options: z.output<Options>, sorts: Sorts, bounds: Bounds) => A
  readonly parts: (options: z.output<Options>, bounds: Bounds, sorts: Sorts) => Parts<With<Kvm, A>>
  readonly setUp?: (kvm: With<Kvm, A>, options: z.output<Options>) => void
  readonly refuses?: (options: z.output<Options>, bounds: Bounds) => string | null
}): OwnFeature<Id, Options> {
  const { id, title, options } = own
  const of = (bounds: Bounds): z.output<Options> => (bounds as unknown as Record<Id, z.output<Options>>)[id]
  return {
    id,
    title,
    options,
    fields: (sorts, bounds) => own.fields(of(bounds), sorts, bounds),
    parts: (bounds, sorts) => own.parts(of(bounds), bounds, sorts) as unknown as Parts,
    setUp: (kvm, bounds) => own.setUp?.(kvm as unknown as With<Kvm, A>, of(bounds)),
    refuses: (bounds) => own.refuses?.(of(bounds), bounds) ?? null,
  }
}
