import { programFile } from '../program-file.ts'
import { breadthFirst, parallelBreadthFirst } from '../search/index.ts'
import { modelOf } from './catalogue.ts'
import { searchModes } from './search-modes.ts'

// The process that the benchmark measures: one search, its result as JSON on stdout.
const [id, wanted] = process.argv.slice(2)
const mode = searchModes.find((m) => m.id === wanted)
if (id === undefined || mode === undefined)
  throw new Error(`usage: search-main MODEL ${searchModes.map((m) => m.id).join('|')}`)

const { storage, symmetry, workers } = mode
const source = {
  module: programFile('bench-catalogue').href,
  function: 'modelOf',
  arguments: [id],
}
const { system, properties } = modelOf(id)
const result =
  workers > 1
    ? await parallelBreadthFirst(source, { storage, workers })
    : breadthFirst(system, properties, { storage, reduce: symmetry ? 'symmetry' : 'none' })
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
