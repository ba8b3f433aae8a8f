import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageFolder } from '../bench/model-source.ts'
import { replaceFile } from '../checkpoint/index.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { builtModelHash, packageInfo } from '../cli/package-info.ts'
import { shortestLength, shrinkRandom } from './shrinks.ts'

// `npm run shrinks` finds failures of 200 steps and more by random walks in scenarios of four vCPUs, shrinks them, and
// exits 1 when one is more than 20% longer than the shortest failure that exhaustive search finds: with four vCPUs where
// that is feasible (it takes minutes), else with one. `--seeds N` tries N of each, `--only D2-skip` those of a design,
// `--write` records the table in shrinks.md.

const VCPUS = 4
const CASES = [
  { scenario: 'slot-delete', design: 'D2-skip', property: 'no-freed-spte-on-rmap', searched: 1 },
  { scenario: 'slot-delete', design: 'D2-sel', property: 'no-freed-spte-on-rmap', searched: 1 },
  { scenario: 'roots-zap-one', design: 'R3', property: 'no-stale-root-used', searched: VCPUS },
]
const MOST = 1.2
const SPREAD = 1000
/** A search that needs more is given up. */
const MOST_STATES = 12_000_000

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true },
    write: { type: 'boolean', default: false },
  },
})
const checker = { catalogue, version: packageInfo().version, modelHash: builtModelHash }

const rows: string[] = []
for (const { searched, ...each } of CASES) {
  if (values.only?.includes(each.design) === false) continue
  const shortest = shortestLength(catalogue, { ...each, vcpus: searched }, MOST_STATES)
  if (shortest === null)
    throw new Error(`${each.design} in ${each.scenario}: ${MOST_STATES} states were not enough`)
  console.error(
    `${each.design} in ${each.scenario}: the shortest with ${searched} vCPUs has ${shortest} steps`,
  )
  for (let n = 0; n < Number(values.seeds); n++) {
    const seed = 1 + n * SPREAD
    const { random, shrunk } = shrinkRandom(checker, { ...each, vcpus: VCPUS, seed, atLeast: 200 }, 200_000)
    console.log(
      `${each.design} in ${each.scenario}, seed ${seed}: ${random} steps, shrunk to ${shrunk}; the shortest has ${shortest}`,
    )
    rows.push(
      `| ${each.design} | \`${each.scenario}\` | \`${each.property}\` | ${seed} | ${random} | ${shrunk} | ${shortest} (${searched}) |`,
    )
    if (shrunk > shortest * MOST) process.exitCode = 1
  }
}
if (values.write) {
  const text = `# Random failures, shrunk

Failures of at least 200 steps that random walks found in scenarios with ${VCPUS} vCPUs, and what \`mmucheck shrink\` makes of
them. The last column is the shortest that an exhaustive search finds, with the number of vCPUs it searched; what is found
with one vCPU is found with more, too. Written by \`npm run shrinks -- ${process.argv.slice(2).join(' ')}\`, which fails
where a shrunk one is more than 20% longer.

| Design | Scenario | Property | Seed | Steps | Shrunk | Shortest |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`
  replaceFile(join(packageFolder(), 'explorer', 'gate', 'shrinks.md'), text)
}
