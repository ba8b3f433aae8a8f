import type { Signal } from '../model/language/picture.ts'
import { Oops, type Property } from '../model/language/property.ts'
import type { System, Thread } from '../model/language/system.ts'
import { rulesOf } from './abridge.ts'
import { type Causes, causesOf } from './causes.ts'
import { commitText } from './commit.ts'
import { type Lanes, lanesOf } from './lanes.ts'
import { Observer } from './observer.ts'
import type { JudgedData, LockData, PageData, RowData, SignalData, StepData } from './page/data.ts'
import { type Replayed, type ReplayedStep, withWayOn } from './replay.ts'
import { isLeftOut, type Row, rowsOf, stepText } from './rows.ts'
import { variablesOf } from './state-variables.ts'
import { stepView } from './verifier.ts'

/** What the page of a counterexample shows; how the behaviour continues out of reach of a goal included. */
export function pageDataOf(replayed: Replayed): PageData {
  const causes = causesOf(replayed)
  const whole = withWayOn(replayed)
  const { property, steps, fault } = replayed
  const why = fault === null ? '' : ` (${fault.message})`
  return {
    ...traceDataOf(whole, causes),
    rules: rulesOf(replayed).map(({ before, text }) => ({ before, text })),
    length: steps.length,
    judged: judgedData(whole, steps.length),
    end: property.kind === 'witness' ? property.id : `BUG: ${property.id}${why}`,
    commit: commitText(replayed),
  }
}

/** What is shown of a trace, with the letters and rows that its causes ask for. */
export function traceDataOf(
  replayed: Replayed,
  causes: Causes,
): Omit<PageData, 'rules' | 'length' | 'judged' | 'end' | 'commit'> {
  const { system, states, steps } = replayed
  const lanes = lanesOf(replayed)
  const variables = variablesOf(system).all
  const rows = rowsOf(replayed, lanes, causes).map(rowData)
  const all = rowsOf(replayed, lanes, causes, { isShown: () => true, isElided: () => false }).map(rowData)
  const isRoutine = steps.some((step) => isLeftOut(replayed, step, causes))
  const drawn = drawnSteps(replayed, lanes)
  return {
    lanes: lanes.all.map(({ cpu, role }) => ({ cpu, role })),
    variables: variables.map(({ path }) => path),
    counters: variables.flatMap(({ counter }, index) => (counter ? [index] : [])),
    initial: variables.map((variable) => variable.value(states[0])),
    steps: steps.map((step): StepData => {
      const { index, thread, located } = step
      const [before, after] = [states[index], states[index + 1] ?? states[index]]
      const changes = variables.flatMap((variable, i): [number, string][] =>
        variable.fields.some((f) => before[f] !== after[f]) ? [[i, variable.value(after)]] : [],
      )
      return {
        lane: lanes.of[index],
        name: `${thread.name} ${located.path}`,
        text: stepText(replayed, step),
        changes,
        ...drawn.steps[index],
      }
    }),
    rows,
    ...(isRoutine ? { allRows: all } : {}),
    ...(drawn.picture === undefined ? {} : { picture: drawn.picture }),
  }
}

function rowData({ lane, step, level, text, number, label }: Row): RowData {
  return {
    lane,
    step,
    level,
    text,
    ...(number === undefined ? {} : { first: true }),
    ...(label === undefined ? {} : { label }),
  }
}

type DrawnStep = Pick<StepData, 'signals' | 'locks' | 'boxes'>

/** What the model's drawing says of each step: what it does to others, who holds which lock, and the changed boxes. */
function drawnSteps(
  { drawing, system, states, steps }: Replayed,
  lanes: Lanes,
): { readonly steps: readonly DrawnStep[]; readonly picture?: PageData['picture'] } {
  if (drawing === undefined) return { steps: steps.map(() => ({})) }
  const [seen, seenAfter] = [viewer(system), viewer(system)]
  const first = drawing.boxes(seen(states[0]))
  const texts = new Map(first.map((box) => [box.id, JSON.stringify(box)]))
  let held: readonly LockData[] = drawing.locks(seen(states[0])).map((name) => [name, -1])
  const drawn = steps.map(({ index, thread }): DrawnStep => {
    const [before, after] = [states[index], states[index + 1] ?? states[index]]
    const world = seenAfter(after)
    const boxes = drawing.boxes(world).filter((box) => texts.get(box.id) !== JSON.stringify(box))
    for (const box of boxes) texts.set(box.id, JSON.stringify(box))
    const owners = new Map(held)
    held = drawing.locks(world).map((name) => [name, owners.get(name) ?? lanes.of[index]])
    const by = { kind: thread.program.kind, self: thread.self }
    const signals = drawing
      .signals(seen(before), world, by)
      .map((signal) => signalData(system, lanes, signal))
    return {
      ...(signals.length === 0 ? {} : { signals }),
      ...(held.length === 0 ? {} : { locks: held }),
      ...(boxes.length === 0 ? {} : { boxes }),
    }
  })
  return { steps: drawn, picture: { bands: drawing.bands, boxes: first } }
}

function signalData(system: System, lanes: Lanes, { kind, to, text }: Signal): SignalData {
  const isTarget = ({ program, self }: Thread<never>): boolean => program.kind === to.kind && self === to.self
  const name = system.threads.find(isTarget)?.name ?? `${to.kind}${to.self}`
  return { kind, lane: lanes.all.findIndex(({ role }) => role === name), to: name, text }
}

/** The world of one state after the other, through a single view: views are expensive. */
function viewer(system: System): (state: Uint16Array) => never {
  let shown: Uint16Array = new Uint16Array(0)
  const { world } = system.view({ read: (f) => shown[f], write: () => {} })
  return (state) => {
    shown = state
    return world
  }
}

/**
 * Each judged property, in each state or of the step that led there. Those that no single state can violate have no
 * marks, unless the trace violates them.
 * @param length number of steps to the violation.
 */
export function judgedData(
  traced: Pick<Replayed, 'system' | 'states' | 'steps' | 'judged'> & Partial<Pick<Replayed, 'property'>>,
  length: number,
): JudgedData[] {
  const { judged = [], property, steps } = traced
  const others = judged.filter(({ id }) => id !== property?.id)
  const all = property === undefined ? others : [property, ...others]
  const observer = new Observer(traced.system)
  return all.flatMap((each): JudgedData[] => {
    const { id, title, kind } = each
    const atTheEnd = each === property ? '-'.repeat(length) + '!'.repeat(steps.length + 1 - length) : null
    const marks = marksOf(traced, observer, each) ?? atTheEnd
    if (marks !== null) return [{ id, title, kind, marks }]
    // Deadlocks and oopses show where they happen.
    return kind === 'fault' || kind === 'deadlock' ? [] : [{ id, title, kind, marks: '' }]
  })
}

function marksOf(
  { system, states, steps }: Pick<Replayed, 'system' | 'states' | 'steps'>,
  observer: Observer,
  property: Property<never>,
): string | null {
  const mark = (given: boolean, holds: () => boolean): string => (!given ? '-' : holds() ? '+' : '!')
  const orUnknown = (judge: () => string): string => {
    try {
      return judge()
    } catch (error) {
      // After an oops, a property may stumble over the same thing.
      if (error instanceof Oops) return '-'
      throw error
    }
  }
  switch (property.kind) {
    case 'invariant': {
      const { given, holds } = property
      const judge = (state: Uint16Array): string =>
        observer.state(state, (w, at) => mark(given?.(w, at) ?? true, () => holds(w, at))).answer
      return states.map((state) => orUnknown(() => judge(state))).join('')
    }
    case 'witness':
      return states
        .map((state) => orUnknown(() => (observer.state(state, property.seen).answer ? '!' : '-')))
        .join('')
    case 'action': {
      const { given, holds } = property
      const judge = ({ index, thread, located }: ReplayedStep): string => {
        const view = stepView(system, { thread: thread.name, step: located.path })
        return observer.pair(states[index], states[index + 1], (before, after) =>
          mark(given?.(before, view, after) ?? true, () => holds(before, view, after)),
        ).answer
      }
      const taken = steps.filter(({ index }) => states[index + 1] !== undefined)
      return `-${taken.map((step) => orUnknown(() => judge(step))).join('')}`
    }
    default:
      return null
  }
}
