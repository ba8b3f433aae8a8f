import type { TraceStep } from '../model/language/trace.ts'
import { pointOfNoReturn } from './avoidance.ts'
import { headingOf } from './call-stack.ts'
import { criticalValues, objectsOf } from './critical-values.ts'
import { heading } from './diagram.ts'
import { type Necessity, necessities } from './necessity.ts'
import type { Replayed, ReplayedStep } from './replay.ts'
import { stepText } from './rows.ts'
import { listed, WIDTH, wrap } from './text-layout.ts'

/** Why a trace fails: what the failure consists of, where it could last be avoided, what each step is needed for. */
export function whyText(replayed: Replayed): string {
  const lines = [
    ...heading(replayed),
    '',
    ...whatFails(replayed),
    ...noReturn(replayed),
    ...whyEachStep(replayed),
  ]
  return `${lines.join('\n')}\n`
}

/** The objects and the values without which the property would hold. */
function whatFails(replayed: Replayed): string[] {
  const values = criticalValues(replayed)
  if (values.length === 0) return []
  const objects = objectsOf(values.map(({ variable }) => variable))
  const who = objects.length === 0 ? '' : ` for ${listed(objects)}`
  return [
    `It fails${who}; with one other value it would not:`,
    ...values.flatMap(({ variable: { path }, value, otherwise }) =>
      indented(`${path} = ${value}, not ${otherwise}`),
    ),
    '',
  ]
}

/** The sentences on the point of no return; none where it is not defined. */
export function noReturn(replayed: Replayed): string[] {
  const point = pointOfNoReturn(replayed)
  if (point === null) return []
  const { step, instead, openFrom } = point
  const { steps } = replayed
  const open =
    openFrom === null
      ? ''
      : ` It may be as late as step ${openFrom + 1}: too many states follow to look at all of them.`
  if (step === null || instead === null) {
    const none = 'Point of no return: none; no other step of the trace leads to an end without the failure.'
    return [...wrap(none + open, WIDTH, 2), '']
  }
  const other = stepNamed(replayed, instead)
  const text = stepText(replayed, { index: step, thread: other.thread, located: other.located })
  const last = `step ${step + 1}, ${titleOf(steps[step], stepText(replayed, steps[step]))}`
  const way = `Before it, ${titleOf(other, text)} could have avoided the failure; after it, nothing could.`
  return [...wrap(`Point of no return: ${last}. ${way}${open}`, WIDTH, 2), '']
}

function stepNamed(
  { system }: Replayed,
  { thread: name, step }: TraceStep,
): Pick<ReplayedStep, 'thread' | 'located'> {
  const thread = system.threads.find((t) => t.name === name)
  const located = thread?.flow.steps.find(({ path }) => path === step)
  if (thread === undefined || located === undefined) throw new Error(`there is no step ${name} ${step}`)
  return { thread, located }
}

/** `vcpu0 in kvm_mmu_load(): root.hpa = 0`. */
function titleOf({ thread, located }: Pick<ReplayedStep, 'thread' | 'located'>, text: string): string {
  const where = headingOf(located.step.about)?.replace(/:$/, '')
  return `${thread.name} ${located.path}${where === undefined ? '' : ` in ${where}`} (${text})`
}

function whyEachStep(replayed: Replayed): string[] {
  const { steps } = replayed
  if (steps.length === 0) return []
  const digits = String(steps.length).length
  const names = Math.max(...steps.map(({ thread }) => thread.name.length))
  const rows = necessities(replayed).flatMap((necessity, index) => {
    const step = steps[index]
    const head = `${String(index + 1).padStart(digits)}. ${step.thread.name.padEnd(names)}  `
    const room = WIDTH - head.length - 2
    const [first, ...rest] = wrap(stepText(replayed, step), room, 2)
    const below = ' '.repeat(head.length + 2)
    return [
      `  ${head}${first}`,
      ...rest.map((line) => below + line),
      ...wrap(reasonOf(replayed, necessity), room - 2, 2).map((line) => `${below}  ${line}`),
    ]
  })
  return ['Why each step is needed:', ...rows]
}

function reasonOf(replayed: Replayed, necessity: Necessity): string {
  switch (necessity.kind) {
    case 'fails-here':
      return '<--- the failure'
    case 'moves-on':
      return '- the thread gets past it; it changes nothing'
    case 'enables': {
      const { thread, located } = replayed.steps[necessity.step]
      return `- without it, step ${necessity.step + 1} (${thread.name} ${located.path}) is not possible`
    }
    case 'decides':
      return '- without it, the property holds at the end'
    case 'not-needed':
      return '- the thread gets past it; what it changes does not matter'
    case 'open':
      return '- only a search could tell'
  }
}

const indented = (text: string): string[] => wrap(text, WIDTH - 2, 4).map((line) => `  ${line}`)
