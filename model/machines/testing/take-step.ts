import { EncodedValues, layout } from '../../language/layout.ts'
import type { Entry, Step } from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { type Kvm, kvmWorld } from '../../memory/kvm.ts'
import { sortsOf } from '../../memory/sorts.ts'

/** A state in which nothing has happened. */
export function emptyKvm(bounds: Bounds): Kvm {
  const shape = layout(kvmWorld(bounds, sortsOf(bounds)))
  return shape.view(new EncodedValues(shape.fields.length)) as Kvm
}

function stepsOf(entries: readonly Entry<Kvm>[]): Step<Kvm>[] {
  return entries.flatMap((entry) =>
    entry.kind === 'block' ? stepsOf(entry.entries) : entry.kind === 'step' ? [entry] : [],
  )
}

/**
 * Takes a step of vCPU 0, found by its name.
 * @returns the step that it jumps to; undefined if it continues with the next one.
 * @throws Error if no step has this name, or if it is blocked.
 */
export function takeStep(kvm: Kvm, entries: readonly Entry<Kvm>[], name: string): string | undefined {
  const found = stepsOf(entries).find((step) => step.name === name)
  const taken = found?.cases.find(({ when }) => when === undefined || when(kvm, 0))
  if (taken === undefined) throw new Error(`${name} cannot be taken`)
  taken.does?.(kvm, 0)
  return taken.to
}
