import { describe, expect, it } from 'vitest'
import { program, step } from '../../../model/language/program.ts'
import { Oops } from '../../../model/language/property.ts'
import { range, struct, type View } from '../../../model/language/shapes.ts'
import { compose, one } from '../../../model/language/system.ts'
import { at, checkLiveness, eventually, labelledTransitions } from '../testing/labelled-transitions.ts'

const world = struct({ x: range(0, 9) })
type World = View<typeof world>

describe('what is not known', () => {
  const long = labelledTransitions({
    a: '0 s0 1, 1 s1 2, 2 s2 3, 3 s3 4, 4 s4 5',
  })

  it('is inconclusive on an unfinished graph, unless a violation lies in it (tlaplus 839)', () => {
    const result = checkLiveness(long, eventually(at(5)), { maxDepth: 3 })
    expect(result).toMatchObject({ verdict: 'inconclusive', reason: { kind: 'max-depth', depth: 3 } })
    const spin = labelledTransitions({
      a: '0 s0 0, 0 s1 1, 1 s2 2, 2 s3 3',
    })
    expect(checkLiveness(spin, eventually(at(3)), { maxDepth: 2 }).verdict).toBe('violated')
    expect(checkLiveness(long, eventually(at(5)), { maxDepth: 9 }).verdict).toBe('holds')
  })

  it('does not take an unexpanded state for one without steps', () => {
    expect(checkLiveness(long, eventually(at(9)), { maxDepth: 3 }).verdict).toBe('inconclusive')
    expect(checkLiveness(long, eventually(at(9))).verdict).toBe('violated')
  })

  it('is inconclusive when a behaviour ends in a fault, wherever it does', () => {
    const crashing = compose({
      name: 'crashing',
      world,
      threads: [
        one(
          program<World>('a', 'a', [
            step(
              'go',
              {},
              {
                does: (w) => {
                  w.x = 1
                },
              },
            ),
            step(
              'use',
              {},
              {
                does: () => {
                  throw new Oops('no-use-after-free', 'used after it was freed')
                },
              },
            ),
          ]),
        ),
      ],
      initial: [() => {}],
    })
    expect(checkLiveness(crashing, eventually(at(2)))).toMatchObject({
      verdict: 'inconclusive',
      upTo: 'no-use-after-free',
    })
    expect(checkLiveness(crashing, eventually(at(1))).verdict).toBe('inconclusive')
  })
})
