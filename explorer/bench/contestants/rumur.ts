import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Counts, ModelInstance } from '../catalogue.ts'
import { type Command, run } from '../child-process.ts'
import { murphiSource } from '../model-source.ts'
import type { Contestant, Prepared, Task } from './contestant.ts'
import { inOneGo } from './spin.ts'

const GENERATE = [
  ...['--deadlock-detection', 'off'],
  ...['--counterexample-trace', 'off'],
  ...['--scalarset-schedules', 'off'],
]
const COMPILE = ['-std=c11', '-O3', '-march=native', '-mcx16']

/**
 * Counts in the output of a Rumur verifier; a fired rule is a transition.
 * @throws Error when the search was not full or found an error.
 */
export function rumurCounts(output: string): Counts {
  const found = /^\s*(\d+) states, (\d+) rules fired/m.exec(output)
  if (found === null || !output.includes('No error found'))
    throw new Error(`Rumur did not finish without errors:\n${output}`)
  return { states: Number(found[1]), transitions: Number(found[2]) }
}

/** Bytes of a seen set that never has to grow: 8 per slot, twice as many slots as states. */
function capacity({ states }: ModelInstance): string {
  return String(8 * 2 ** Math.max(20, Math.ceil(Math.log2(states)) + 1))
}

function prepare(
  instance: ModelInstance,
  folder: string,
  task: Task,
  threads: number,
  symmetry: 'off' | 'heuristic',
): Prepared {
  writeFileSync(join(folder, 'model.m'), murphiSource(instance.source, instance.constants))
  const generate: Command = {
    program: 'rumur',
    args: [
      ...['--output', 'model.c', '--threads', String(threads), '--symmetry-reduction', symmetry],
      ...['--set-capacity', capacity(instance), ...GENERATE, 'model.m'],
    ],
    folder,
  }
  const compile: Command = {
    program: 'gcc',
    args: [...COMPILE, '-o', 'model', 'model.c', '-lpthread', '-latomic'],
    folder,
  }
  const search: Command = { program: './model', args: [], folder }
  if (task === 'latency')
    return { command: inOneGo(folder, [generate, compile, search]), counts: rumurCounts }
  run(generate)
  run(compile)
  return { command: search, counts: rumurCounts }
}

function contestant(id: string, title: string, threads: number, symmetry: 'off' | 'heuristic'): Contestant {
  return {
    id,
    tool: 'rumur',
    title,
    flags: `rumur --threads ${threads} --symmetry-reduction ${symmetry} --set-capacity <twice the states> ${GENERATE.join(' ')}; gcc ${COMPILE.join(' ')}`,
    orbits: symmetry !== 'off',
    prepare: (instance, folder, task) => prepare(instance, folder, task, threads, symmetry),
  }
}

export const rumur: readonly Contestant[] = [
  contestant('rumur', 'Rumur, 1 thread', 1, 'off'),
  contestant('rumur-2', 'Rumur, 2 threads', 2, 'off'),
  contestant('rumur-symmetry', 'Rumur, 1 thread, symmetry', 1, 'heuristic'),
]
