import { Reference } from '../model/language/reference.ts'
import { blockedThreads } from './blocked-threads.ts'
import { drawCanvas, loopRule, type Mark, type Rule } from './canvas.ts'
import { afterStep, type Causes } from './causes.ts'
import { lanesOf } from './lanes.ts'
import { Observer } from './observer.ts'
import { type Replayed, type ReplayedStep, withWayOn } from './replay.ts'
import { isLeftOut, rowsOf } from './rows.ts'

/** A race diagram, and what it leaves out. */
export interface Abridged {
  readonly lines: readonly string[]
  /** Number of steps that one thread takes alone before the diagram begins. */
  readonly from: number
  /** Number of steps that have rows. */
  readonly shown: number
}

/** Most lines of a diagram that shows all but routine steps. */
const MOST_LINES = 30

/** Most lines of one with the way on after it. */
const MOST_LINES_ON = 38

/** Most steps of a way on that are all shown. */
const SHORT_WAY = 12

/** Fewer steps of one, where the diagram would be too long with those. */
const SHORTER_WAYS = [6, 3]

/** Most lines of a diagram that shows every step without which the trace ends elsewhere. */
const MOST_LINES_IN_ALL = 40

/** Lines of a canvas that are not rows: names of lanes, their rule, and the mark. */
const FRAME = 3

/** Fewest steps before the first context switch that are worth leaving out. */
const WORTH_FOLDING = 4

/** Draws a trace; of one that is long it leaves out as little as makes it short enough to be read. */
export function abridged(replayed: Replayed, causes: Causes, mark: Mark): Abridged {
  const from = foldable(replayed, causes)
  const most = replayed.wayOn === null ? MOST_LINES : MOST_LINES_ON
  const way = shownOnWay(replayed, causes)
  const choices: readonly Choice[] = [
    { from: 0, way, keeps: () => true },
    { from, way, keeps: () => true },
    { from, way, keeps: (step) => isAtSwitch(replayed, step) || communicates(step, causes) },
    { from, way, keeps: (step) => isAtSwitch(replayed, step) },
    { from, way, keeps: () => false },
    ...SHORTER_WAYS.map((most) => ({ from, way: shorter(way, most, replayed), keeps: () => false })),
  ]
  let drawn: Abridged | null = null
  for (const choice of choices) {
    drawn = draw(replayed, causes, mark, choice)
    if (drawn.lines.length - FRAME <= most) return drawn
  }
  const last = choices[choices.length - 1]
  if (drawn === null || drawn.lines.length - FRAME <= MOST_LINES_IN_ALL) return drawn as Abridged
  return draw(replayed, causes, mark, { ...last, isFollowed: followedSteps(replayed, causes) })
}

/** What to show: of the trace the steps from `from` on that it keeps, of the way on those in `way`. */
interface Choice {
  readonly from: number
  readonly keeps: (step: ReplayedStep) => boolean
  readonly way: ReadonlySet<number>
  /** Steps that are left out although the trace would end elsewhere without them: what they follow is shown. */
  readonly isFollowed?: ReadonlySet<number>
}

function draw(replayed: Replayed, causes: Causes, mark: Mark, choice: Choice): Abridged {
  const { from, keeps, way, isFollowed } = choice
  const whole = withWayOn(replayed)
  const isCited = ({ index }: ReplayedStep): boolean =>
    causes.labels.has(index) || (causes.needed.has(index) && isFollowed?.has(index) !== true)
  const isPart = (step: ReplayedStep): boolean => step.index >= from && !isLeftOut(whole, step, causes)
  const isKept = (step: ReplayedStep): boolean =>
    step.index < replayed.steps.length ? isCited(step) || keeps(step) : way.has(step.index)
  const isShown = (step: ReplayedStep): boolean => isPart(step) && isKept(step)
  const hasRow = (step: ReplayedStep): boolean => isShown(step) || causes.labels.has(afterStep(step.index))
  const lanes = lanesOf(whole, hasRow)
  const rules = rulesOf(replayed)
  const rows = rowsOf(whole, lanes, causes, {
    isShown,
    isElided: (step) => isPart(step) && !isShown(step),
    rules: rules.map(({ before }) => before),
  })
  const lines = drawCanvas(rows, lanes, mark, rules)
  return { lines, from, shown: replayed.steps.filter(isShown).length }
}

/**
 * The needed steps that their threads could not but take next, as a walk continues to the next level: a reader who sees
 * what came before knows them. The last step of a thread is none of them.
 */
function followedSteps({ system, states, steps }: Replayed, { needed }: Causes): ReadonlySet<number> {
  const reference = new Reference(system)
  const isAlone = ({ index, thread }: ReplayedStep): boolean => {
    const enabled = reference.enabled(reference.snapshot(states[index]))
    return enabled.filter((step) => step.thread === thread.name).length === 1
  }
  const isLast = ({ index, thread }: ReplayedStep): boolean =>
    !steps.slice(index + 1).some((later) => later.thread === thread)
  return new Set(
    steps
      .filter((step) => needed.has(step.index) && !isLast(step) && isAlone(step))
      .map(({ index }) => index),
  )
}

/** Where the loop of a lasso begins, or the way on from where the goal is out of reach. */
export function rulesOf({ steps, counterexample, wayOn }: Replayed): Rule[] {
  if (wayOn === null) return loopRule(counterexample.loopStart, steps.length)
  const goesOn = wayOn.steps.length === 0 ? [] : [{ before: steps.length, text: OUT_OF_REACH }]
  return [...goesOn, ...loopRule(wayOn.loopStart, steps.length + wayOn.steps.length)]
}

export const OUT_OF_REACH = 'the goal is out of reach; it continues like this'

/** The last step of a way on, where it oopses. */
const oopsOf = ({ wayOn }: Replayed): number[] => {
  const last = wayOn?.steps.at(-1)
  return last === undefined || wayOn?.fault === null ? [] : [last.index]
}

/** The first steps of a way on, or the last ones before an oops, and that. */
function shorter(way: ReadonlySet<number>, most: number, replayed: Replayed): ReadonlySet<number> {
  return new Set(oopsOf(replayed).length > 0 ? [...way].slice(-most - 1) : [...way].slice(0, most))
}

/**
 * The steps of the way on that are shown: all but routine ones, or of many those that test something in the loop or
 * write what is tested there, or what a thread waits for at the dead end, or what the step that oopses reads.
 */
function shownOnWay(replayed: Replayed, causes: Causes): ReadonlySet<number> {
  const { wayOn } = replayed
  if (wayOn === null) return new Set()
  const whole = withWayOn(replayed)
  const oops = oopsOf(replayed)
  const visible = wayOn.steps.filter((step) => oops.includes(step.index) || !isLeftOut(whole, step, causes))
  if (visible.length <= SHORT_WAY) return new Set(visible.map(({ index }) => index))
  const observer = new Observer(replayed.system)
  const { loopStart } = wayOn
  const tests = visible.filter(
    ({ index, located }) =>
      oops.includes(index) || (loopStart !== null && index >= loopStart && located.step.cases.length > 1),
  )
  const read = new Set([
    ...tests.flatMap(({ index, located, thread }) => [
      ...observer.step(whole.states[index], located, thread.self).reads,
    ]),
    ...(oops.length > 0 ? [] : blockedThreads(whole).flatMap(({ reads }) => reads)),
  ])
  const decide = visible.filter(
    (step) => tests.includes(step) || step.changes.some(({ fields }) => fields.some((f) => read.has(f))),
  )
  // A loop may pass the same place many times.
  const places = new Map(
    decide.map((step) => [`${step.thread.name} ${step.located.path}`, step] as const).reverse(),
  )
  const once = decide.filter((step) => places.get(`${step.thread.name} ${step.located.path}`) === step)
  return shorter(new Set(once.map(({ index }) => index)), SHORT_WAY, replayed)
}

/** The steps before the first context switch and before the first one that is cited; 0 if they are few. */
function foldable({ steps, counterexample }: Replayed, causes: Causes): number {
  if (counterexample.loopStart !== null) return 0
  const end = steps.findIndex(
    ({ thread, index }) =>
      thread !== steps[0].thread ||
      causes.labels.has(index) ||
      causes.labels.has(afterStep(index)) ||
      causes.needed.has(index),
  )
  return end < WORTH_FOLDING ? 0 : end
}

/** The first and the last step of a thread's turn. */
function isAtSwitch({ steps }: Replayed, { index, thread }: ReplayedStep): boolean {
  return steps[index - 1]?.thread !== thread || steps[index + 1]?.thread !== thread
}

/** Whether the step writes a field that another thread reads later. */
function communicates({ changes }: ReplayedStep, { communicated }: Causes): boolean {
  return changes.some(({ fields }) => fields.some((f) => communicated.has(f)))
}
