import { type Case, type Program, program, type Step, step } from '../../model/language/program.ts'
import { array, range, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'

/**
 * Small concurrent programs under sequential consistency, one step per memory access, with the numbers of runs and of
 * executions (reads-from plus coherence) that GenMC's tests publish for them.
 */
export interface Litmus {
  readonly id: string
  readonly interleavings: number
  readonly classes: number
  readonly build: () => System
}

const place = sort('place', 8)
const register = sort('register', 16)
const world = struct({ memory: array(place, range(0, 15)), register: array(register, range(0, 15)) })
type World = View<typeof world>

const write = (at: number, value: number): Case<World> => ({
  does: (w) => {
    w.memory[at] = value
  },
})
const read = (at: number, into: number): Case<World> => ({
  does: (w) => {
    w.register[into] = w.memory[at]
  },
})
const increment = (at: number): Case<World> => ({
  does: (w) => {
    w.memory[at]++
  },
})

function systemOf(id: string, threads: readonly (readonly Step<World>[])[]): System {
  return compose({
    name: id,
    world,
    threads: threads.map((steps, t) => one(program(`t${t}`, 'a thread', steps) as Program<World>)),
    initial: [() => {}],
  })
}

/** Threads that take their steps one after the other. */
function straight(
  id: string,
  interleavings: number,
  classes: number,
  ...threads: readonly (readonly Case<World>[])[]
): Litmus {
  const steps = threads.map((list) => list.map((body, n) => step<World>(`S.${n}`, {}, body)))
  return { id, interleavings, classes, build: () => systemOf(id, steps) }
}

const [x, y, z] = [0, 1, 2]

/** `size` threads make element j one more than element j - 1; a reader looks for the last zero from the end. */
function lastZero(size: number): Litmus {
  const writers = Array.from({ length: size }, (_, n) => [
    step<World>(`read ${n}`, {}, read(n, n)),
    step<World>(
      `write ${n + 1}`,
      {},
      {
        does: (w) => {
          w.memory[n + 1] = w.register[n] + 1
        },
      },
    ),
  ])
  const reader = Array.from({ length: size + 1 }, (_, n) => size - n).map((at) =>
    step<World>(`look ${at}`, {}, [{ when: (w) => w.memory[at] === 0, to: 'done' }, {}]),
  )
  return {
    id: `lastzero-${size}`,
    interleavings: 3487880,
    classes: 64,
    build: () => systemOf(`lastzero-${size}`, [reader, ...writers]),
  }
}

export const LITMUS: readonly Litmus[] = [
  straight('SB', 6, 3, [write(x, 1), read(y, 0)], [write(y, 1), read(x, 1)]),
  straight('MP', 6, 3, [write(x, 1), write(y, 1)], [read(y, 0), read(x, 1)]),
  straight('LB', 6, 3, [read(x, 0), write(y, 1)], [read(y, 1), write(x, 1)]),
  straight('CoRR', 6, 6, [write(x, 1), write(x, 2)], [read(x, 0), read(x, 1)]),
  straight('2+2W', 6, 3, [write(x, 1), write(y, 2)], [write(y, 1), write(x, 2)]),
  straight('IRIW', 180, 15, [write(x, 1)], [write(y, 1)], [read(x, 0), read(y, 1)], [read(y, 2), read(x, 3)]),
  straight(
    'MP+incMP',
    90,
    7,
    [read(y, 0), increment(z)],
    [increment(z), read(x, 1)],
    [write(x, 1), write(y, 1)],
  ),
  straight('readers-8', 362880, 256, [write(x, 1)], ...Array.from({ length: 8 }, (_, n) => [read(x, n)])),
  lastZero(5),
]
