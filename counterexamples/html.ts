import { createHash } from 'node:crypto'
import { causesOf } from './causes.ts'
import { type PageData, viewer } from './html-viewer.ts'
import { lanesOf } from './lanes.ts'
import { mailText } from './mail.ts'
import type { Replayed } from './replay.ts'
import { isLeftOut, rowsOf } from './rows.ts'
import { variablesOf } from './state-variables.ts'

const STYLE = `
body { font: 14px/1.4 system-ui, sans-serif; margin: 1em; color: #000; background: #fff; }
h1 { font-size: 1.2em; margin: 0 0 .2em; } h2 { font-size: 1em; margin: .6em 0 .2em; }
main { display: flex; gap: 2em; align-items: flex-start; flex-wrap: wrap; }
.scroll { max-height: 75vh; overflow: auto; border: 1px solid #999; }
table { border-collapse: collapse; font: 13px/1.4 ui-monospace, monospace; }
td, th { text-align: left; font-weight: normal; padding: .05em .6em; white-space: pre; }
thead th { border-bottom: 1px solid #000; position: sticky; top: 0; background: #fff; }
#steps tr[data-step], #fields tr { cursor: pointer; }
.here { outline: 2px solid #000; background: #eee; } .ahead { color: #777; }
.changed { font-weight: bold; background: #eee; } .changed th { font-weight: bold; } .watched { outline: 1px dashed #000; }
.bug { font-weight: bold; } .loop { border-top: 2px dashed #000; }
button { font: inherit; } pre { font: 13px/1.3 ui-monospace, monospace; }
@media print { main, nav { display: none; } }
@media (prefers-color-scheme: dark) {
  body, thead th { background: #111; color: #eee; } .here, .changed { background: #333; } .ahead { color: #888; }
  .here { outline-color: #eee; } thead th { border-color: #eee; } .watched { outline-color: #eee; }
}
`

/**
 * A self-contained page: no requests, no storage. Steps through the trace with the state beside it; printed, or
 * without scripts, it is the text of a mail.
 */
export function htmlText(replayed: Replayed): string {
  const { property, scenario, design, counterexample } = replayed
  const { kernel } = counterexample
  const script = `(${viewer.toString()})(document, location, JSON.parse(document.getElementById('data').textContent))`
  const policy = `default-src 'none'; style-src '${digest(STYLE)}'; script-src '${digest(script)}'`
  const what = property.kind === 'witness' ? 'REACHED' : 'VIOLATED'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>${quote(`${counterexample.id}: ${property.id}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${what} ${quote(property.id)}</h1>
<p>${quote(property.title)}<br>
scenario ${quote(`${scenario.id}: ${scenario.title}`)}<br>
design ${quote(`${design.id}: ${design.title}`)}<br>${kernel === undefined ? '' : `\nkernel ${quote(`Linux ${kernel}`)}<br>`}
${quote(counterexample.id)}, ${replayed.steps.length} steps</p>
<nav>
<button data-key="g">|&lt; g</button> <button data-key="k">&lt; k</button>
<button data-key="j">j &gt;</button> <button data-key="G">G &gt;|</button>
<button data-key="K">K same lane</button> <button data-key="J">J same lane</button>
<button data-key="w">w last write</button>
</nav>
<main>
<section><h2>Steps</h2><div class="scroll"><table id="steps">
${stepsTable(replayed)}
</table></div></section>
<section><h2 id="state">State</h2>
<label><input type="checkbox" id="moving" checked> only what changes in this trace</label>
<p id="watch"></p>
<div class="scroll"><table><tbody id="fields"></tbody></table></div></section>
</main>
<h2>As text</h2>
<pre>${quote(mailText(replayed))}</pre>
<script type="application/json" id="data">${JSON.stringify(pageData(replayed)).replace(/</g, '\\u003c')}</script>
<script>${script}</script>
</body>
</html>
`
}

/** The rows of the race diagram, one column for each lane, each row belonging to the state after its step. */
function stepsTable(replayed: Replayed): string {
  const causes = causesOf(replayed)
  const lanes = lanesOf(replayed, (step) => !isLeftOut(replayed, step, causes))
  const rows = rowsOf(replayed, lanes, causes)
  const { loopStart } = replayed.counterexample
  const loopRow = loopStart === null ? -1 : rows.findIndex((row) => row.step >= loopStart)
  const head = ['', ...lanes.all.map(({ cpu, role }) => `${cpu} (${role})`), '']
  const cells = (parts: readonly string[]): string => parts.map((part) => `<td>${quote(part)}</td>`).join('')
  const body = rows.map(({ lane, level, text, label, number, step }, index) => {
    const texts = lanes.all.map((_, i) => (i === lane ? '  '.repeat(level) + text : ''))
    const first = number === undefined ? '' : String(step + 1)
    const loop = index === loopRow ? ' class="loop"' : ''
    return `<tr data-step="${step + 1}"${loop}>${cells([first, ...texts, label === undefined ? '' : `(${label})`])}</tr>`
  })
  const { property } = replayed
  const mark = property.kind === 'witness' ? property.id : `BUG: ${property.id}`
  return [
    `<thead><tr>${head.map((h) => `<th>${quote(h)}</th>`).join('')}</tr></thead><tbody>`,
    `<tr data-step="0"><td>0</td><td colspan="${lanes.all.length + 1}">at the beginning</td></tr>`,
    ...body,
    `<tr class="bug"><td></td><td colspan="${lanes.all.length + 1}">&lt;--- ${quote(mark)}</td></tr></tbody>`,
  ].join('\n')
}

function pageData(replayed: Replayed): PageData {
  const { system, states, steps } = replayed
  const variables = variablesOf(system).all
  const lanes = lanesOf(replayed)
  return {
    variables: variables.map((variable) => variable.path),
    initial: variables.map((variable) => variable.value(states[0])),
    steps: steps.map(({ index, thread, located }) => {
      const [before, after] = [states[index], states[index + 1] ?? states[index]]
      const changes = variables.flatMap((variable, i): [number, string][] =>
        variable.fields.some((f) => before[f] !== after[f]) ? [[i, variable.value(after)]] : [],
      )
      return { lane: lanes.of[index], name: `${thread.name} ${located.path}`, changes }
    }),
  }
}

const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`

const quote = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
