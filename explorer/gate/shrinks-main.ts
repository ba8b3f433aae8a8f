import { parseArgs } from 'node:util'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { builtModelHash, packageInfo } from '../cli/package-info.ts'
import { shortestLength, shrinkRandom } from './shrinks.ts'

// `npm run shrinks` finds failures of 200 steps and more by random walks in scenarios of four vCPUs, shrinks them, and
// exits 1 when one is more than 20% longer than the shortest failure with one vCPU. `--seeds N` tries N of each.

const CASES = [
  { scenario: 'slot-delete', design: 'D2-skip', property: 'no-freed-spte-on-rmap' },
  { scenario: 'slot-delete', design: 'D2-sel', property: 'no-freed-spte-on-rmap' },
]
const MOST = 1.2
const SPREAD = 1000

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '3' } } })
const checker = { catalogue, version: packageInfo().version, modelHash: builtModelHash }
for (const each of CASES) {
  const shortest = shortestLength(catalogue, each.scenario, each.design, each.property)
  for (let n = 0; n < Number(values.seeds); n++) {
    const seed = 1 + n * SPREAD
    const { random, shrunk } = shrinkRandom(checker, { ...each, vcpus: 4, seed, atLeast: 200 }, 200_000)
    console.log(
      `${each.design} in ${each.scenario}, seed ${seed}: ${random} steps, shrunk to ${shrunk}; the shortest has ${shortest}`,
    )
    if (shrunk > shortest * MOST) process.exitCode = 1
  }
}
