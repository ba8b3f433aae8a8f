import type { LocatedStep } from '../../../model/language/machine.ts'
import type { Thread } from '../../../model/language/system.ts'

/**
 * A thread as a statechart for other tools. Guards and effects are named after their step, since their code means
 * nothing outside the model.
 */

/** One state, as xstate's `createMachine` takes it; compound states are blocks of steps. */
export interface ChartState {
  readonly id?: string
  initial?: string
  states?: Record<string, ChartState>
  readonly on?: Readonly<Record<string, readonly ChartTransition[]>>
  readonly meta?: Readonly<Record<string, unknown>>
}

interface ChartTransition {
  readonly target: string
  readonly guard?: string
  readonly actions?: string
}

/** The configuration of an xstate machine with the thread's states; `createMachine` accepts it. */
export function chartOf(thread: Thread<never>): ChartState & { readonly id: string } {
  const { flow, program } = thread
  // By number: xstate reads a dot in an id as a path.
  const idOf = (path: string): string => `${program.kind}:${flow.counters.indexOf(path)}`
  const root = { id: program.kind, meta: { title: program.title }, states: {} }
  for (const path of flow.counters) {
    const parts = path.split('/')
    const parent = parts.slice(0, -1).reduce<ChartState>((at, part) => child(at, part, { states: {} }), root)
    const steps = flow.steps.filter((s) => s.at === path)
    const on = Object.fromEntries(
      steps.map((s) => [s.path, transitionsOf(s).map((t) => ({ ...t, target: `#${idOf(t.target)}` }))]),
    )
    child(parent, parts[parts.length - 1], {
      id: idOf(path),
      on,
      meta: metaOf(steps, flow.validEnds.has(path)),
    })
  }
  return root

  function transitionsOf(located: LocatedStep<never>): ChartTransition[] {
    const many = located.step.cases.length > 1
    return located.step.cases.map(({ when, does }, index) => {
      const name = many ? `${located.path} (${index + 1})` : located.path
      return {
        target: flow.target(located, index),
        ...(when === undefined ? {} : { guard: `${name} may run` }),
        ...(does === undefined ? {} : { actions: name }),
      }
    })
  }
}

function child(parent: ChartState, name: string, state: ChartState): ChartState {
  parent.initial ??= name
  parent.states ??= {}
  parent.states[name] ??= state
  return parent.states[name]
}

function metaOf(steps: readonly LocatedStep<never>[], validEnd: boolean): Record<string, unknown> {
  const kernel = Object.fromEntries(
    steps.map(({ path, step: { about } }) => [
      path,
      { fn: about.fn, since: about.since, shows: typeof about.shows === 'string' ? about.shows : undefined },
    ]),
  )
  return { rests: validEnd, kernel }
}

/** The same as text for Mermaid's state diagrams, which code hosts render. */
export function mermaidOf(thread: Thread<never>): string {
  const { flow, program } = thread
  const lines = [
    '---',
    // YAML: unquoted, a second colon is a syntax error. A JSON string is a YAML string.
    `title: ${JSON.stringify(`${program.kind}: ${program.title}`)}`,
    '---',
    'stateDiagram-v2',
  ]
  const node = (path: string): string => `s${flow.counters.indexOf(path)}`
  let open: string[] = []
  let blocks = 0
  const closeTo = (depth: number): void => {
    while (open.length > depth) {
      open = open.slice(0, -1)
      lines.push(`${'  '.repeat(open.length + 1)}}`)
    }
  }
  for (const path of flow.counters) {
    const parts = path.split('/')
    const block = parts.slice(0, -1)
    const shared = block.findIndex((part, i) => open[i] !== part)
    closeTo(shared < 0 ? block.length : shared)
    for (const part of block.slice(open.length)) {
      lines.push(`${'  '.repeat(open.length + 1)}state "${safe(part)}" as b${blocks++} {`)
      open = [...open, part]
    }
    const label = path === 'done' ? 'done' : labelOf(flow.steps, path, parts[parts.length - 1])
    lines.push(`${'  '.repeat(open.length + 1)}state "${safe(label)}" as ${node(path)}`)
  }
  closeTo(0)
  lines.push(`  [*] --> ${node(flow.counters[0])}`)
  for (const located of flow.steps) {
    const targets = new Set(located.step.cases.map((_, index) => flow.target(located, index)))
    const waits = located.step.cases.every((c) => c.when !== undefined) ? ' [waits]' : ''
    const own = located.path.slice(located.path.lastIndexOf('/') + 1)
    for (const target of targets)
      lines.push(`  ${node(located.at)} --> ${node(target)}: ${safe(own)}${waits}`)
  }
  return lines.join('\n')
}

/** Characters that end a string or a statement in Mermaid's grammar, or begin an entity, are written as entities. */
const safe = (text: string): string => text.replace(/[#;"<>&]/g, (c) => `#${c.charCodeAt(0)};`)

/** The counter's name and, when it has one step, the kernel function it belongs to. */
function labelOf(steps: readonly LocatedStep<never>[], path: string, name: string): string {
  const own = steps.filter((s) => s.at === path)
  const fn = own.length === 1 ? own[0].step.about.fn : undefined
  return fn === undefined ? name : `${name} ${fn}()`
}
