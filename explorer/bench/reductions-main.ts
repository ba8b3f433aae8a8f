import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../checkpoint/index.ts'
import { findDesign, findProperty, UPSTREAM } from '../cli/catalogue.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { contradictions } from '../reduce/index.ts'
import { breadthFirst, type SearchOptions, type SearchResult } from '../search/index.ts'
import { machineNotes } from './machine-notes.ts'
import { packageFolder } from './model-source.ts'

// Searches every scenario that is not deep without reduction and with each reduction, compares the results, and writes
// how much smaller the searches are.

interface MeasuredRun {
  readonly result: SearchResult
  readonly cpu: number
}

interface Row {
  readonly scenario: string
  readonly threads: number
  readonly full: MeasuredRun
  readonly symmetry: MeasuredRun | null
  readonly order: MeasuredRun
  readonly both: MeasuredRun | null
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function rowOf(scenario: (typeof catalogue.scenarios)[number]): Row {
  const system = scenario.build(findDesign(catalogue, UPSTREAM))
  const properties = scenario.properties.map((id) => findProperty(catalogue, id))
  const run = (options: SearchOptions): MeasuredRun => {
    const start = cpuSeconds()
    const result = breadthFirst(system, properties, options)
    return { result, cpu: cpuSeconds() - start }
  }
  const full = run({ reduce: 'none' })
  const compared = (options: SearchOptions): MeasuredRun => {
    const reduced = run(options)
    const found = contradictions(reduced.result, full.result)
    if (found.length > 0) throw new Error(`${scenario.id}: ${found.join('; ')}`)
    return reduced
  }
  const isSymmetric = system.symmetric.some((sort) => sort.size > 1)
  const symmetry = isSymmetric ? compared({ reduce: 'symmetry' }) : null
  const order = compared({ reduce: 'por' })
  // `all` uses partial-order reduction only if the search does not fit without it: the bound makes sure of that.
  const both = symmetry === null ? null : compared({ reduce: 'all', maxStates: symmetry.result.states - 1 })
  return {
    scenario: scenario.id,
    threads: system.threads.length,
    full,
    symmetry,
    order,
    both: both?.result.complete === true ? both : null,
  }
}

const visited = ({ states, reduction }: SearchResult): number =>
  states + (reduction.partialOrder?.passed ?? 0)
const count = (n: number): string => n.toLocaleString('en')
const storedOf = (run: MeasuredRun | null): string => (run === null ? '-' : count(run.result.states))
const visitedOf = (run: MeasuredRun | null): string => (run === null ? '-' : count(visited(run.result)))

function lineOf({ scenario, threads, full, symmetry, order, both }: Row): string {
  const best = [order, ...(both === null ? [] : [both])].reduce((a, b) =>
    b.result.states < a.result.states ? b : a,
  )
  const factor = (full.result.states / best.result.states).toFixed(1)
  const cells = [
    scenario,
    threads,
    count(full.result.states),
    storedOf(symmetry),
    storedOf(order),
    visitedOf(order),
    storedOf(both),
    visitedOf(both),
    `**${factor}**`,
    (full.result.states / visited(best.result)).toFixed(1),
    `${full.cpu.toFixed(2)} / ${best.cpu.toFixed(2)}`,
  ]
  return `| ${cells.join(' | ')} |`
}

const HEADING = [
  'scenario',
  'threads',
  'states',
  'symmetry',
  'orders: kept',
  'visited',
  'both: kept',
  'visited',
  'factor',
  'by visited',
  'CPU s, full / smallest',
]

const folder = join(packageFolder(), 'explorer', 'bench')
const rows = catalogue.scenarios
  .filter((scenario) => scenario.deep !== true)
  .map((scenario) => {
    const row = rowOf(scenario)
    process.stderr.write(`${lineOf(row)}\n`)
    return row
  })
const text = [
  '# How much smaller searches become',
  '',
  readFileSync(join(folder, 'reductions-remarks.md'), 'utf8').trim(),
  '',
  '## Every scenario that is not a deep one, with KVM as merged',
  '',
  ...machineNotes([]).map((note) => `- ${note}`),
  '',
  `| ${HEADING.join(' | ')} |`,
  `|${HEADING.map((_, n) => (n === 0 ? ' --- ' : ' ---: ')).join('|')}|`,
  ...rows.map(lineOf),
  '',
].join('\n')
const out = join(folder, 'reductions.md')
replaceFile(out, text)
