import type { Counts, ModelInstance } from '../catalogue.ts'
import { type Command, run } from '../child-process.ts'
import { modelPath } from '../model-source.ts'
import type { Contestant, Prepared, Task } from './contestant.ts'

const COMPILE = ['-O2', '-DSAFETY', '-DNOREDUCE', '-DNOFAIR', '-DMEMLIM=16000']

/**
 * Counts in the output of a SPIN verifier. SPIN counts one transition more than there are edges: the one
 * into the initial state. Large numbers come with eight digits.
 * @throws Error when the search was not full or found an error.
 */
export function spinCounts(output: string): Counts {
  if (!/errors: 0\b/.test(output) || /too small|out of memory|interrupted/i.test(output))
    throw new Error(`SPIN did not finish without errors:\n${output}`)
  const number = (what: RegExp): number => {
    const found = what.exec(output)
    if (found === null) throw new Error(`SPIN printed no ${what.source}:\n${output}`)
    return Number(found[1])
  }
  return {
    states: number(/([\d.e+]+) states, stored/),
    transitions: number(/([\d.e+]+) transitions \(= stored\+matched\)/) - 1,
  }
}

/** Twice as many slots as states, so that chains are short and the table is still touched page by page. */
function runFlags({ states, spinDepth }: ModelInstance, extra: readonly string[]): string[] {
  return [...extra, `-w${Math.max(16, Math.ceil(Math.log2(states)) + 1)}`, `-m${spinDepth}`, '-n']
}

function prepare(instance: ModelInstance, folder: string, task: Task, mode: Mode): Prepared {
  const defines = Object.entries(instance.constants).map(([name, value]) => `-D${name}=${value}`)
  const generate: Command = {
    program: 'spin',
    args: ['-a', ...defines, modelPath(`${instance.source}.pml`)],
    folder,
  }
  const compile: Command = {
    program: 'gcc',
    args: [...COMPILE, ...mode.compile, '-o', 'pan', 'pan.c'],
    folder,
  }
  const search: Command = { program: './pan', args: runFlags(instance, mode.run), folder }
  if (task === 'latency') return { command: inOneGo(folder, [generate, compile, search]), counts: spinCounts }
  run(generate)
  run(compile)
  return { command: search, counts: spinCounts }
}

/** Combines several commands into one process tree, to measure them together. */
export function inOneGo(folder: string, commands: readonly Command[]): Command {
  const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
  const line = commands.map(({ program, args }) => [program, ...args].map(quoted).join(' ')).join(' && ')
  return { program: 'sh', args: ['-c', line], folder }
}

interface Mode {
  readonly id: string
  readonly title: string
  readonly compile: readonly string[]
  readonly run: readonly string[]
}

const modes: readonly Mode[] = [
  { id: 'spin-dfs', title: 'SPIN depth-first', compile: [], run: [] },
  { id: 'spin-bfs', title: 'SPIN breadth-first', compile: ['-DBFS'], run: [] },
  {
    id: 'spin-bfs-2',
    title: 'SPIN breadth-first, 2 processes, hash compaction (its default there)',
    compile: ['-DBFS_PAR'],
    run: ['-u2'],
  },
]

export const spin: readonly Contestant[] = modes.map((mode) => ({
  id: mode.id,
  tool: 'spin',
  title: mode.title,
  flags: `spin -a; gcc ${[...COMPILE, ...mode.compile].join(' ')}; ./pan ${[...mode.run, '-w<log2 of twice the states>', '-m<depth>', '-n'].join(' ')}`,
  orbits: false,
  prepare: (instance, folder, task) => prepare(instance, folder, task, mode),
}))
