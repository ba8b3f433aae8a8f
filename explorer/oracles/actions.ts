import { type Case, choice, type Program, program, step } from '../../model/language/program.ts'

/**
 * A program without program counters, like the actions of TLA+ and the rules of Murphi: any enabled action can be taken
 * at any time. Its only program counter is a valid end.
 */
export function actions<W>(
  kind: string,
  title: string,
  list: { readonly [name: string]: Case<W> | readonly Case<W>[] },
): Program<W> {
  const steps = Object.entries(list).map(([name, body]) => {
    const cases: readonly Case<W>[] = Array.isArray(body) ? body : [body as Case<W>]
    return step<W>(
      name,
      {},
      cases.map((c) => ({ ...c, to: 'run' })),
    )
  })
  return program<W>(kind, title, [choice('run', steps, { validEnd: true })])
}

/** One action per element, for TLA+'s `\E x \in S : A(x)` and Murphi's rulesets. */
export function forEach<W, T>(
  elements: readonly T[],
  name: (element: T) => string,
  body: (element: T) => Case<W> | readonly Case<W>[],
): { [name: string]: Case<W> | readonly Case<W>[] } {
  return Object.fromEntries(elements.map((element) => [name(element), body(element)]))
}

/** The ids 0 to size - 1 of a sort. */
export function idsOf(of: { readonly size: number }): number[] {
  return Array.from({ length: of.size }, (_, i) => i)
}
