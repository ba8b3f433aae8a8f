import type { Citations, CitedStep } from './cited.ts'
import type { Body, Definitions } from './definitions.ts'
import { type Fact, type Facts, isUnchanged } from './facts.ts'
import { type FunctionText, textOf } from './inlined.ts'
import { missingFrom, type WrongOrder, wrongOrder } from './order.ts'

/** A cited function of the tree that is not as the table has it. */
export interface ChangedFunction {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly was: readonly Fact[]
}

/** A cited function that the tree lacks. */
export interface GoneFunction {
  readonly name: string
  /** Where it was; empty if the table does not have it either, and does not say why. */
  readonly was: readonly Fact[]
  /** Places in its file that do not parse: the function may be there. */
  readonly unparsed: readonly { readonly file: string; readonly line: number }[]
}

/** A statement that is not in its function, and the steps that stand for it. */
export interface MissingAnchor {
  readonly steps: readonly string[]
  readonly fn: string
  readonly statement: string
}

/** How a tree differs from what the model cites and the table says. */
export interface Drift {
  readonly unchanged: number
  readonly changed: readonly ChangedFunction[]
  readonly gone: readonly GoneFunction[]
  /** In the tree, although the table calls them absent. */
  readonly appeared: readonly string[]
  /** Absent, and the table says why. */
  readonly explained: readonly { readonly name: string; readonly reason: string }[]
  /** Cited, not in the table. */
  readonly unlisted: readonly string[]
  /** In the table, not cited. */
  readonly uncited: readonly string[]
  /** Number of statements that were found. */
  readonly anchors: number
  readonly missing: readonly MissingAnchor[]
  /** One for each function. */
  readonly order: readonly WrongOrder[]
  /** Steps that do not say what they stand for. */
  readonly unanchored: readonly string[]
  readonly unread: Definitions['unread']
}

/** Whether nothing has to be looked at. */
export const isInStep = (drift: Drift): boolean =>
  [
    drift.changed,
    drift.gone,
    drift.appeared,
    drift.unlisted,
    drift.uncited,
    drift.missing,
    drift.order,
    drift.unanchored,
    drift.unread,
  ].every((list) => list.length === 0)

/** Compares a tree with the facts of a version and with the steps that cite it. */
export function driftOf(facts: Facts, citations: Citations, definitions: Definitions): Drift {
  const names = [...citations.functions].sort()
  const states = names.map((name) => stateOf(name, facts, definitions))
  const only = <K extends State['kind']>(kind: K): Extract<State, { kind: K }>[] =>
    states.filter((state): state is Extract<State, { kind: K }> => state.kind === kind)
  return {
    unchanged: only('unchanged').length,
    changed: only('changed').map(({ kind: _, ...state }) => state),
    gone: only('gone').map(({ kind: _, ...state }) => state),
    appeared: only('appeared').map(({ name }) => name),
    explained: only('explained').map(({ name, reason }) => ({ name, reason })),
    unlisted: only('unlisted').map(({ name }) => name),
    uncited: Object.keys(facts.functions).filter((name) => !citations.functions.has(name)),
    ...stepsAgainst(citations, definitions),
    unanchored: citations.unanchored,
    unread: definitions.unread,
  }
}

type State =
  | { readonly kind: 'unchanged' | 'appeared' | 'unlisted'; readonly name: string }
  | ({ readonly kind: 'changed' } & ChangedFunction)
  | ({ readonly kind: 'gone' } & GoneFunction)
  | { readonly kind: 'explained'; readonly name: string; readonly reason: string }

function stateOf(name: string, { functions }: Facts, definitions: Definitions): State {
  const fact = Object.hasOwn(functions, name) ? functions[name] : undefined
  const bodies = definitions.of(name)
  const [body] = bodies
  if (fact === undefined)
    return body === undefined ? { kind: 'gone', name, was: [], unparsed: [] } : { kind: 'unlisted', name }
  if ('absent' in fact) {
    if (body !== undefined) return { kind: 'appeared', name }
    return fact.absent === ''
      ? { kind: 'gone', name, was: [], unparsed: [] }
      : { kind: 'explained', name, reason: fact.absent }
  }
  if (body === undefined) {
    const unparsed = [...new Set(fact.map(({ file }) => file))].flatMap((file) => {
      const line = definitions.brokenAt(file)
      return line === undefined ? [] : [{ file, line }]
    })
    return { kind: 'gone', name, was: fact, unparsed }
  }
  if (isUnchanged(fact, bodies)) return { kind: 'unchanged', name }
  return { kind: 'changed', name, file: body.file, line: body.line, was: fact }
}

/** Looks for the statements of steps in the functions that the tree has. */
function stepsAgainst(
  { calls }: Citations,
  definitions: Definitions,
): Pick<Drift, 'anchors' | 'missing' | 'order'> {
  const present = new Set<string>()
  const missing = new Map<string, { steps: Set<string>; fn: string; statement: string }>()
  const order = new Map<string, WrongOrder>()
  for (const call of calls) {
    const text = bestOf(definitions.of(call[0].fn), call, definitions)
    if (text === undefined) continue
    for (const step of call) {
      const absent = missingFrom(text, step)
      const fn = step.inlined.at(-1) ?? step.fn
      for (const statement of step.statements) {
        const name = JSON.stringify([fn, statement])
        if (!absent.includes(statement)) present.add(name)
        else {
          const { steps } = missing.get(name) ?? { steps: new Set() }
          missing.set(name, { steps: steps.add(step.step), fn, statement })
        }
      }
    }
    const wrong = wrongOrder(text, call, definitions)
    const known = order.get(text.fn)
    // Bounds leave out some of the steps: the shortest list says enough.
    if (wrong !== null && (known === undefined || wrong.model.length < known.model.length))
      order.set(text.fn, wrong)
  }
  return {
    anchors: present.size,
    missing: [...missing.values()].map((anchor) => ({ ...anchor, steps: [...anchor.steps] })),
    order: [...order.values()],
  }
}

/** Of several definitions of a function, the first of those that have most of the statements. */
function bestOf(
  bodies: readonly Body[],
  call: readonly CitedStep[],
  definitions: Definitions,
): FunctionText | undefined {
  const callees = new Set(call.flatMap(({ inlined }) => inlined))
  const texts = bodies.map((body) => textOf(body, [...callees], definitions))
  const lacks = (text: FunctionText): number =>
    call.reduce((sum, step) => sum + missingFrom(text, step).length, 0)
  return texts.sort((a, b) => lacks(a) - lacks(b))[0]
}
