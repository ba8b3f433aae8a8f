import { render } from 'preact'
import { layoutOf } from '../../../../counterexamples/page/layout.ts'
import { StatePane } from '../../../../counterexamples/page/report.tsx'
import { Steps } from '../../../../counterexamples/page/steps.tsx'
import { traceOf } from '../../../../counterexamples/page/trace.ts'
import { firstView, press, type View } from '../../../../counterexamples/page/view.ts'
import { Choices } from './choices.tsx'
import type { Answer, ExploreData, StepChoice } from './explore-data.ts'

type Path = readonly Pick<StepChoice, 'thread' | 'step'>[]

/** Width at which the bands of a picture continue on the next line. */
const WIDE = 640

const root = document.getElementById('app') as HTMLElement
/** Paths that were left, newest last. */
const undone: Path[] = []
let path: Path = []
let shown: ExploreData | null = null
let view: View | null = null
let said = ''

/** Asks the server, which is this page's own. */
async function ask<T>(what: string, body: object): Promise<T | null> {
  try {
    const response = await fetch(what, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as Answer<T>
    if ('ok' in answer) return answer.ok
    said = answer.error
  } catch {
    said = 'the program has ended'
  }
  return null
}

async function go(next: Path, keep = true): Promise<void> {
  const data = await ask<ExploreData>('path', { steps: next })
  if (data !== null) {
    if (keep) undone.push(path)
    path = next
    shown = data
    const trace = traceOf(data.trace)
    // Each step was chosen, so each has a line.
    const first: View = { ...firstView(trace, ''), routine: true }
    view = view === null ? first : { ...view, at: first.at, marked: Math.min(view.marked, first.at) }
    said = ''
  }
  draw()
}

async function until(condition: string): Promise<void> {
  said = 'searching'
  draw()
  const found = await ask<{ readonly steps: Path | null }>('until', { steps: path, condition })
  if (found === null) draw()
  else if (found.steps === null) {
    said = 'no state that can be reached from here is like that'
    draw()
  } else await go([...path, ...found.steps])
}

async function save(as: 'counterexample' | 'test'): Promise<void> {
  const saved = await ask<{ readonly file: string }>('save', { steps: path, as })
  if (saved !== null) said = `written: ${saved.file}`
  draw()
}

const undo = (): void => {
  const before = undone.pop()
  if (before !== undefined) void go(before, false)
}

function draw(): void {
  if (shown === null || view === null) {
    root.textContent = said
    return
  }
  const trace = traceOf(shown.trace)
  const layout = layoutOf(trace.boxes, shown.trace.picture?.bands ?? [], WIDE, true)
  const now = view
  const set = (change: Partial<View>): void => {
    view = { ...now, ...change }
    draw()
  }
  render(
    <main class="panes">
      <section class="steps">
        <Choices
          data={shown}
          here={now.at}
          length={path.length}
          marked={now.marked}
          compare={() => set({ marked: now.marked < 0 ? now.at : -1 })}
          said={said}
          take={(step) => void go([...path.slice(0, now.at), step])}
          cut={() => void go(path.slice(0, now.at))}
          undo={undo}
          until={(condition) => void until(condition)}
          save={(as) => void save(as)}
        />
        <Steps trace={trace} view={now} go={(at) => set({ at })} />
      </section>
      <StatePane trace={trace} view={now} layout={layout} text="" set={set} />
    </main>,
    root,
  )
  root.querySelector('[aria-current]')?.scrollIntoView?.({ block: 'nearest' })
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return
  if (shown === null || view === null) return
  const number = Number(event.key)
  const chosen = number >= 1 && view.at === path.length ? shown.enabled[number - 1] : undefined
  const next = press(traceOf(shown.trace), view, event.key)
  if (event.key === 'u') undo()
  else if (chosen !== undefined) void go([...path, { thread: chosen.thread, step: chosen.step }])
  else if (next !== undefined) {
    view = next
    draw()
  } else return
  event.preventDefault()
})
document.body.classList.add('scripted')
void go([], false)
