import { ModelError } from '../language/errors.ts'
import { type Members, type StructShape, struct, type View } from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'
import type { Sorts } from './sorts.ts'

/**
 * Fields that a feature or a design adds to the state. They are part of the packed state only where the
 * feature or the design is used.
 */
export interface Added {
  /** Of `struct kvm`. */
  readonly kvm?: Members
  /** Of each vCPU. */
  readonly vcpu?: Members
  /** Of each shadow page. */
  readonly page?: Members
  /** Of each memslot. */
  readonly slot?: Members
}

/** Declares added fields, given the sorts and bounds of a scenario. */
export type Adds<A extends Added = Added> = (sorts: Sorts, bounds: Bounds) => A

type Fields<M> = M extends Members ? View<StructShape<M>> : unknown

/** A world of type `W` with the added fields. */
export type With<W extends Extensible, A extends Added> = Omit<W, 'vcpu' | 'page' | 'slot'> &
  Fields<A['kvm']> & {
    readonly vcpu: Elements<W['vcpu'], Fields<A['vcpu']>>
    readonly page: Elements<W['page'], Fields<A['page']>>
    readonly slot: Elements<W['slot'], Fields<A['slot']>>
  }

interface Extensible {
  readonly vcpu: Iterable<unknown>
  readonly page: Iterable<unknown>
  readonly slot: Iterable<unknown>
}

/** The elements of an array, each with more fields. */
type Elements<C, F> = C extends { [index: number]: infer E; readonly length: number }
  ? {
      [index: number]: E & F
      readonly length: number
      [Symbol.iterator](): Iterator<E & F>
    }
  : never

/**
 * A struct with the fields that are added to it. They are not in its type, see `With`.
 * @throws ModelError for a name that the struct has already.
 */
export function extended<M extends Members>(
  shape: StructShape<M>,
  added: readonly (Members | undefined)[],
): StructShape<M> {
  if (added.length === 0) return shape
  const members: Record<string, Members[string]> = { ...shape.members }
  for (const fields of added) {
    for (const [name, field] of Object.entries(fields ?? {})) {
      if (Object.hasOwn(members, name)) throw new ModelError(`the field ${name} exists already`)
      members[name] = field
    }
  }
  return struct(members) as unknown as StructShape<M>
}
