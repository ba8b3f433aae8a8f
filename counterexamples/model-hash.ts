import { createHash, type Hash } from 'node:crypto'
import type { Program } from '../model/language/program.ts'
import type { System } from '../model/language/system.ts'

/**
 * Hash of everything a system says of itself: the fields with their domains and packing, the threads, their
 * program counters and steps, the source text of all model code, and the initial states. Sixteen hex digits,
 * equal in every process of one build. Values that model code closes over and functions it calls are not
 * seen, so an equal hash is a hint and no proof that two models are the same.
 */
export function modelHash(system: System): string {
  const hash = createHash('sha256')
  const say = (...what: readonly unknown[]): Hash => hash.update(`${JSON.stringify(what.map(plain))}\n`)
  say('system', system.name)
  for (const { path, shape, word, shift, mask } of system.layout.fields) {
    say('field', path, shape.type, shape.size, shape.idOf?.sort.name, shape.idOf?.optional, word, shift, mask)
  }
  const described = new Set<Program<unknown>>()
  for (const { name, self, program, flow, counter } of system.threads) {
    say('thread', name, self, counter.path, program.kind)
    if (described.has(program)) continue
    described.add(program)
    say('program', program.title, flow.counters, [...flow.rests])
    for (const located of flow.steps) {
      const { path, at, step } = located
      const { fn, since, shows, fused, rests, lane } = step.about
      say('step', path, at, fn, since, shows, fused, rests, lane)
      step.cases.forEach(({ when, does }, index) => {
        say('case', when, does, flow.target(located, index))
      })
    }
  }
  for (const { name, size } of system.symmetric) say('symmetric', name, size)
  for (const codes of system.initial) say('initial', [...codes])
  return hash.digest('hex').slice(0, 16)
}

/** Functions stand for their source text, and what is absent is not the same as any text. */
const plain = (value: unknown): unknown =>
  typeof value === 'function' ? { code: value.toString() } : value === undefined ? null : value
