import { describe, expect, test } from 'vitest'
import { program, step } from '../model/language/program.ts'
import { flag, oneOf, range, type Scalar, sort, struct } from '../model/language/shapes.ts'
import { compose, each, type System } from '../model/language/system.ts'
import { modelHash } from './model-hash.ts'

interface Changes {
  readonly name?: string
  readonly field?: Scalar<number>
  readonly stepName?: string
  readonly title?: string
  readonly fn?: string
  readonly shows?: () => string
  readonly when?: (w: unknown) => boolean
  readonly does?: () => void
  readonly to?: string
  readonly threads?: number
  readonly initials?: number
  readonly symmetric?: boolean
}

function variant(c: Changes = {}): System {
  const cpu = sort('cpu', c.threads ?? 2)
  const body = program<{ x: number }>('t', c.title ?? 'a thread', [
    step(
      c.stepName ?? 'one',
      { fn: c.fn ?? 'f', ...(c.shows === undefined ? {} : { shows: c.shows }) },
      { when: c.when ?? (() => true), ...(c.does === undefined ? {} : { does: c.does }), to: c.to ?? 'two' },
    ),
    step('two', {}),
  ])
  return compose({
    name: c.name ?? 'system',
    world: struct({ x: c.field ?? range(0, 3) }),
    threads: [each(cpu, body)],
    initial: Array.from({ length: c.initials ?? 1 }, () => () => {}),
    symmetric: c.symmetric === true ? [cpu] : [],
  }) as System
}

describe('the model hash', () => {
  test('is sixteen hex digits, the same for equal declarations', () => {
    expect(modelHash(variant())).toMatch(/^[0-9a-f]{16}$/)
    expect(modelHash(variant())).toBe(modelHash(variant()))
  })

  test.each<[string, Changes]>([
    ['the name', { name: 'other' }],
    ['the domain of a field', { field: range(0, 4) }],
    [
      'the values of a domain of equal size',
      { field: oneOf('a', 'b', 'c', 'd') as unknown as Scalar<number> },
    ],
    ['the type of a field', { field: flag as unknown as Scalar<number> }],
    ['a step name', { stepName: 'uno' }],
    ['a title', { title: 'another thread' }],
    ['a kernel function', { fn: 'g' }],
    ['what a step shows', { shows: () => 'x' }],
    ['a guard', { when: () => false }],
    ['an effect', { does: () => {} }],
    ['a target', { to: 'done' }],
    ['the number of threads', { threads: 3 }],
    ['the number of initial states', { initials: 2 }],
    ['a claim of symmetry', { symmetric: true }],
  ])('changes with %s', (_what, changes) => {
    expect(modelHash(variant(changes))).not.toBe(modelHash(variant()))
  })

  test('is a function of the declarations alone: a system without code has this one everywhere', () => {
    const system = compose({
      name: 'plain',
      world: struct({ x: range(0, 3), y: flag }),
      threads: [each(sort('cpu', 2), program('t', 'a thread', [step('one', { fn: 'f' }), step('two', {})]))],
      initial: [() => {}],
    }) as System
    expect(modelHash(system)).toBe('d7e75853e47b01a2')
  })
})
