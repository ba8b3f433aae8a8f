import { render } from 'preact'
import { copyText } from './copy.ts'
import type { PageData } from './data.ts'
import { layoutOf } from './layout.ts'
import { Report } from './report.tsx'
import { traceOf } from './trace.ts'
import { firstView, press, stepIn, type View } from './view.ts'

/** Width at which the bands of a picture continue on the next line: that of the pane it is in. */
const WIDE = 640
const NARROW = 350

const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as PageData
const root = document.getElementById('app') as HTMLElement
/** It is there without scripts, and for printing; here it has a tab, too. */
const text = document.getElementById('text')?.textContent ?? ''
const trace = traceOf(data)
const layout = layoutOf(trace.boxes, data.picture?.bands ?? [], innerWidth < 700 ? NARROW : WIDE)
let view = firstView(trace, location.hash)
let said = ''

function show(next: View): void {
  const moved = next.at !== view.at || location.hash !== `#${next.at}`
  view = next
  if (moved) location.hash = `#${view.at}`
  render(
    <Report trace={trace} view={view} layout={layout} text={text} set={set} press={pressed} said={said} />,
    root,
  )
  root.querySelector('[aria-current]')?.scrollIntoView?.({ block: 'nearest' })
  said = ''
}

const set = (change: Partial<View>): void => show({ ...view, ...change })

function pressed(key: string): boolean {
  if (key === 'c') {
    copyText(data.commit, (words) => {
      said = words
      show(view)
    })
    return true
  }
  const next = press(trace, view, key)
  if (next !== undefined) show(next)
  return next !== undefined
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (pressed(event.key)) event.preventDefault()
})
addEventListener('hashchange', () => {
  const at = stepIn(location.hash, trace)
  if (at === null) location.hash = `#${view.at}`
  else if (at !== view.at) set({ at })
})
document.body.classList.add('scripted')
show(view)
