import type { Field } from '../../../../model/language/fields.ts'
import { program, step } from '../../../../model/language/program.ts'
import {
  array,
  flag,
  range,
  ref,
  type Sort,
  sort,
  struct,
  type View,
} from '../../../../model/language/shapes.ts'
import { compose, one, type System } from '../../../../model/language/system.ts'
import type { Effect, Evaluation } from '../effect.ts'

const cpu = sort('cpu', 4)
const page = sort('page', 2)
const shape = struct({
  lock: ref(cpu),
  mode: array(cpu, range(0, 1)),
  busy: array(page, flag),
  got: ref(page),
})
type World = View<typeof shape>

/** A system with few states and two sorts of ids, for tests that look at all of them. */
export function systemOf(): { readonly system: System<World>; readonly cpu: Sort; readonly page: Sort } {
  const system = compose({
    name: 'few states',
    world: shape,
    threads: [
      one(program<World>('one', 'a thread', [step<World>('stay', { validEnd: true }, { to: 'stay' })])),
    ],
    initial: [() => {}],
    symmetric: [cpu, page],
  })
  return { system, cpu, page }
}

/** All states of the system, unpacked. */
export function statesOf(fields: readonly Field[]): Uint16Array[] {
  let states = [new Uint16Array(fields.length)]
  for (const { index, shape: domain } of fields) {
    states = states.flatMap((encoded) =>
      Array.from({ length: domain.size }, (_, value) => {
        const next = encoded.slice()
        next[index] = value
        return next
      }),
    )
  }
  return states
}

/**
 * A made-up unit for tests. Unit v below the number of cpus is named by cpu v, the next one by nothing. The tape
 * chooses what it does; some choices refer to ids by name, most of them only in a few states.
 */
export function makeUnit(
  fields: readonly Field[],
  tape: readonly number[],
): (unit: number, encoded: Uint16Array) => Evaluation {
  let position = 0
  const pick = (below: number): number => (tape[position++] ?? 0) % below
  const indexOf = (path: string): number => fields.findIndex((f) => f.path === `world.${path}`)
  const lock = indexOf('lock')
  const got = indexOf('got')
  const mode = Array.from({ length: cpu.size }, (_, v) => indexOf(`mode[${v}]`))
  const busy = Array.from({ length: page.size }, (_, p) => indexOf(`busy[${p}]`))
  const [scan, act, quirk] = [pick(6), pick(5), pick(12)]
  const [chosen, odd] = [pick(2), Array.from({ length: 4 }, () => pick(12))]

  return (unit, encoded) => {
    const reads: number[] = []
    const read = (f: number): number => {
      if (!reads.includes(f)) reads.push(f)
      return encoded[f]
    }
    const self = unit < cpu.size ? unit : null
    const scans: readonly (() => boolean)[] = [
      () => mode.some((f) => read(f) === chosen),
      () => mode.every((f, v) => v === self || read(f) === chosen),
      () => mode.filter((f) => read(f) === 1).length >= 2 + chosen,
      () => read(lock) > 0 && read(mode[read(lock) - 1]) === chosen,
      () => busy.some((f) => read(f) === chosen) && mode.some((f, v) => v !== self && read(f) === 1 - chosen),
      () => read(got) > 0 && read(busy[read(got) - 1]) === chosen && read(lock) === 0,
    ]
    const quirks: readonly (() => boolean)[] = [
      () => read(mode[0]) === chosen,
      () => mode.slice(0, 3).some((f) => read(f) === 1 - chosen),
      () => mode.every((f, v) => read(f) === (odd[v] & 1)),
      () => read(lock) === 1 + (odd[0] & 3) && read(mode[odd[1] & 3]) === chosen,
    ]
    const isFound = scans[scan]() !== (quirks[quirk]?.() ?? false)
    const change = (f: number, value: number): Effect[] => {
      const before = read(f)
      return [
        { outcome: 'moves', fields: before === value ? [] : [f], encoded: before === value ? [] : [value] },
      ]
    }
    const acts: readonly (() => Effect[])[] = [
      () => [{ outcome: 'yes', fields: [], encoded: [] }],
      () => change(lock, self === null ? 0 : self + 1),
      () => change(got, 1),
      () => busy.flatMap((_, p) => change(got, p + 1)),
      () => (self === null ? change(got, 0) : change(mode[self], chosen)),
    ]
    const effects = isFound ? acts[act]() : [{ outcome: 'no', fields: [], encoded: [] }]
    return { reads, effects }
  }
}
