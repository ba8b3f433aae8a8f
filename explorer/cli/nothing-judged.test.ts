import { expect, it } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { range, struct } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { whyNothingJudged } from './nothing-judged.ts'

const world = struct({ x: range(0, 1) })
const system = compose({
  name: 'one',
  world,
  threads: [one(program('worker', 'a worker', [step('W.1', {}, {})]))],
  initial: [() => {}],
})
const never = (): boolean => false

const cases: readonly [Property<unknown>, string][] = [
  [
    { kind: 'invariant', id: 'p', title: 'It stays.', given: never, holds: never },
    'Its antecedent is true in no reachable state: It stays.',
  ],
  [
    { kind: 'action', id: 'p', title: 'It stays.', when: 'whenever it is moved', given: never, holds: never },
    'Its antecedent is true of no step that can be taken: whenever it is moved',
  ],
  [
    { kind: 'action', id: 'p', title: 'It stays.', holds: never },
    'Its antecedent is true of no step that can be taken: It stays.',
  ],
  [
    { kind: 'witness', id: 'p', title: 'It has moved.', seen: never },
    'No reachable state shows it: It has moved.',
  ],
  [
    { kind: 'leads-to', id: 'p', title: 'It ends.', given: never, goal: never },
    'Its antecedent is true in no reachable state: It ends.',
  ],
  [
    { kind: 'eventually', id: 'p', title: 'It ends.', each: 'helper', goal: never },
    'It is judged for each thread of kind helper, and there is none.',
  ],
  [
    { kind: 'no-solo-cycle', id: 'p', title: 'It ends.', each: 'helper', goal: never },
    'It is judged for each thread of kind helper, and there is none.',
  ],
  [
    { kind: 'no-solo-cycle', id: 'p', title: 'It ends.', each: 'worker', goal: never },
    'Its goal is true in every reachable state.',
  ],
]

it.each(cases)('says of %o what was never true', (property, sentence) => {
  expect(whyNothingJudged(property, system.threads)).toBe(sentence)
})
