import { breadthFirst } from '../search/breadth-first.ts'
import { instanceOf } from './catalogue.ts'
import { searchModes } from './search-modes.ts'

// The process that the benchmark measures: one search, its result as JSON on stdout.
const [id, wanted] = process.argv.slice(2)
const mode = searchModes.find((m) => m === wanted)
if (id === undefined || mode === undefined)
  throw new Error(`usage: search-main MODEL ${searchModes.join('|')}`)

const instance = instanceOf(id)
const result = breadthFirst(instance.system(), instance.properties, {
  storage: mode.startsWith('exact') ? 'exact' : 'fingerprint',
  reduce: mode.endsWith('-symmetry') ? 'symmetry' : 'none',
})
const holds = result.complete && result.properties.every((p) => p.verdict === 'holds')
const { states, transitions, depth, seconds, bytesPerState } = result
process.stdout.write(
  `${JSON.stringify({
    verdict: holds ? 'holds' : 'not shown',
    states,
    transitions,
    depth,
    seconds,
    bytesPerState,
  })}\n`,
)
