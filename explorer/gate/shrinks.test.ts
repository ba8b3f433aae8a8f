import { expect, it } from 'vitest'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { shortestLength, shrinkRandom } from './shrinks.ts'

const checker = { catalogue, version: '0', modelHash: () => '0'.repeat(16) }

/** `npm run shrinks` shrinks longer ones. */
it('a random failure of four vCPUs shrinks to one vCPU and at most the shortest failure', () => {
  const [scenario, design, property] = ['roots-zap-one', 'R3', 'no-stale-root-used']
  const { random, shrunk, smaller } = shrinkRandom(
    checker,
    { scenario, design, property, vcpus: 4, seed: 1, atLeast: 80 },
    20_000,
  )
  expect(random).toBeGreaterThanOrEqual(80)
  expect(shrunk).toBeLessThanOrEqual(
    shortestLength(catalogue, { scenario, design, property, vcpus: 1 }) as number,
  )
  expect(smaller).toContain('vcpus')
})
