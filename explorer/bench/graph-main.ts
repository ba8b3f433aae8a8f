import { adjacency } from './adjacency.ts'
import { instanceOf } from './catalogue.ts'

// The process that the benchmark measures for xstate/graph: the counts as JSON on stdout.
const [id] = process.argv.slice(2)
if (id === undefined) throw new Error('usage: graph-main MODEL')
process.stdout.write(`${JSON.stringify(adjacency(instanceOf(id).system()))}\n`)
