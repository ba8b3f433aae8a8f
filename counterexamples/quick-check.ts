import { Oops, type Property } from '../model/language/property.ts'
import type { System } from '../model/language/system.ts'
import type { Trace } from '../model/language/trace.ts'
import { QuickSteps } from './quick-steps.ts'
import { stepView } from './verifier.ts'

/** Tells whether traces fail, fast and without the independence of a `Verifier`. */
export class QuickCheck {
  readonly #system: System
  readonly #property: Property<never>
  readonly #steps: QuickSteps
  /** The state before the last step. */
  readonly #before: Uint16Array
  readonly #viewBefore: { readonly world: never }

  constructor(system: System, property: Property<never>) {
    this.#system = system
    this.#property = property
    this.#steps = new QuickSteps(system)
    const before = new Uint16Array(this.#steps.state.length)
    this.#before = before
    this.#viewBefore = system.view({ read: (field) => before[field], write: () => {} })
  }

  /** Whether a trace ends in the violation; null if its steps are possible but only a verifier can decide. */
  fails({ initial, steps, loopStart }: Trace): boolean | null {
    const start = this.#system.initial[initial] as Uint16Array | undefined
    if (start === undefined) return false
    this.#steps.state.set(start)
    try {
      for (const [n, step] of steps.entries()) {
        if (n === steps.length - 1) this.#before.set(this.#steps.state)
        const outcome = this.#steps.take(step)
        if (outcome === 'blocked') return false
        if (outcome instanceof Oops) return n === steps.length - 1 && outcome.property === this.#property.id
      }
      return loopStart === undefined ? this.#isViolated(steps) : this.#closes({ initial, steps, loopStart })
    } catch {
      // Model code may throw in a state that cannot occur.
      return false
    }
  }

  /** False for a loop that does not close. */
  #closes({ initial, steps, loopStart }: Trace): false | null {
    const last = this.#steps.state.slice()
    this.#steps.state.set(this.#system.initial[initial])
    for (const step of steps.slice(0, loopStart)) this.#steps.take(step)
    return last.every((value, field) => value === this.#steps.state[field]) ? null : false
  }

  #isViolated(steps: Trace['steps']): boolean | null {
    const property = this.#property
    const { world, at } = this.#steps.view
    switch (property.kind) {
      case 'invariant':
        return (property.given?.(world, at) ?? true) && !property.holds(world, at)
      case 'witness':
        return property.seen(world, at)
      case 'action': {
        const last = steps.at(-1)
        if (last === undefined) return false
        const view = stepView(this.#system, last)
        const before = this.#viewBefore.world
        return (property.given?.(before, view, world) ?? true) && !property.holds(before, view, world)
      }
      case 'fault':
        return false
      default:
        return null
    }
  }
}
