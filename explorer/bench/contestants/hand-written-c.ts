import type { Counts } from '../catalogue.ts'
import { type Command, run } from '../child-process.ts'
import { modelPath } from '../model-source.ts'
import type { Contestant } from './contestant.ts'
import { inOneGo } from './spin.ts'

const COMPILE = ['-std=gnu11', '-O3', '-march=native']

/**
 * Counts in the output of a hand-written search.
 * @throws Error when it found a violation or did not end.
 */
export function handWrittenCounts(output: string): Counts {
  const found = /^holds: (\d+) states, (\d+) transitions$/m.exec(output)
  if (found === null) throw new Error(`the search written in C did not finish without errors:\n${output}`)
  return { states: Number(found[1]), transitions: Number(found[2]) }
}

/**
 * The model and our algorithm, written by hand in C (`models/search.h`): not a tool, but a bound for any tool on this
 * machine.
 */
export const handWrittenC: readonly Contestant[] = [
  {
    id: 'c',
    tool: 'c',
    title: 'hand-written C',
    flags: `gcc ${COMPILE.join(' ')}; breadth-first, 64-bit fingerprints in a growing table, batched look-ups, parents kept`,
    orbits: false,
    prepare: ({ source, constants }, folder, task) => {
      const defines = Object.entries(constants).map(([name, value]) => `-D${name}=${value}`)
      const compile: Command = {
        program: 'gcc',
        args: [...COMPILE, ...defines, '-o', 'search', modelPath(`${source}.c`)],
        folder,
      }
      const search: Command = { program: './search', args: [], folder }
      const counts = handWrittenCounts
      if (task === 'latency') return { command: inOneGo(folder, [compile, search]), counts }
      run(compile)
      return { command: search, counts }
    },
  },
]
