import { match, P } from 'ts-pattern'
import { ModelError } from './errors.ts'
import { checkCode } from './model-code.ts'
import { type NamedStep, namedSteps } from './named-steps.ts'
import type { Property } from './property.ts'
import type { System } from './system.ts'

/**
 * Checks properties before a search.
 * @throws ModelError for two properties with one id, for a property whose functions are not plain functions, and for
 *   one that names a step that no program has.
 */
export function checkProperties<W>(system: System<W>, properties: readonly Property<W>[]): void {
  const ids = properties.map((p) => p.id)
  const twice = ids.find((id, n) => ids.indexOf(id) !== n)
  if (twice !== undefined) throw new ModelError(`two of the properties to check are called ${twice}`)
  for (const property of properties) {
    checkFairness(system, property)
    for (const [part, code] of Object.entries(codeOf(property as Property<never>)))
      checkFunction(system, property, part, code)
  }
}

function checkFunction<W>(system: System<W>, { id, kind }: Property<W>, part: string, code: unknown): void {
  checkCode(code, `${system.name}: property ${id}: its ${part}`)
  const named = namedSteps(code as () => unknown, kind === 'action' ? 'step' : 'counters')
  for (const step of named) if (!system.knows(step)) throw unknownStep(system, id, part, step)
}

function checkFairness<W>(system: System<W>, property: Property<W>): void {
  if (!('fairness' in property)) return
  for (const { kinds, paths = [] } of property.fairness ?? []) {
    for (const text of paths) {
      const named = (kinds ?? [null]).map((kind) => ({
        kind,
        text,
        isMeant: (path: string) => path === text,
      }))
      if (!named.some((step) => system.knows(step)))
        throw unknownStep(system, property.id, 'fairness', { kind: kinds?.join(' or ') ?? null, text })
    }
  }
}

function unknownStep<W>(
  { name }: System<W>,
  id: string,
  part: string,
  { kind, text }: Pick<NamedStep, 'kind' | 'text'>,
): ModelError {
  const who = kind === null ? 'no program' : `no program of kind ${kind}`
  return new ModelError(`${name}: property ${id}: its ${part} names step "${text}", which ${who} has`)
}

/** The functions of a property, by name. */
function codeOf(property: Property<never>): Readonly<Record<string, unknown>> {
  const codes = match(property)
    .with({ kind: P.union('invariant', 'action') }, ({ given, holds }) => ({ given, holds }))
    .with({ kind: 'witness' }, ({ seen }) => ({ seen }))
    .with({ kind: 'leads-to' }, ({ given, goal }) => ({ given, goal }))
    .with({ kind: P.union('progress', 'eventually', 'eventually-always', 'no-solo-cycle') }, ({ goal }) => ({
      goal,
    }))
    .with({ kind: P.union('deadlock', 'fault') }, () => ({}))
    .exhaustive()
  const mayLackGiven = property.kind !== 'leads-to'
  return Object.fromEntries(
    Object.entries(codes).filter(([part, code]) => !(mayLackGiven && part === 'given' && code === undefined)),
  )
}
