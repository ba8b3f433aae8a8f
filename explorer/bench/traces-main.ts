import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Command } from 'commander'
import type { Observation, ObservedLog } from '../../model/language/observation.ts'
import { type Kernel, TRACED_KERNELS } from '../../model/trace/kernel.ts'
import { LogReader } from '../../model/trace/log-reader.ts'
import { type Logged, observedLog, type Slice } from '../../model/trace/slice.ts'
import { slices } from '../../model/trace/slices.ts'
import { replaceFile } from '../checkpoint/index.ts'
import { kvmTraces } from '../cli/kvm-traces.ts'
import { StatesRun } from '../cli/trace/states.ts'
import { lock } from '../oracles/lock.ts'
import { follow } from '../trace/index.ts'
import { machineNotes } from './machine-notes.ts'
import { packageFolder } from './model-source.ts'
import { spreadOf } from './statistics.ts'

// Measures how fast logs are read and followed, in events of the log per second of CPU time of one core.

const folder = packageFolder()
const options = new Command('traces')
  .description('measures how fast logs are read and followed; without FILE, the logs of the tests')
  .argument('[file...]', 'logs of ftrace, gzipped or not')
  .option('--kernel <version>', 'kernel of the logs', '6.12')
  .option('--rounds <n>', 'times that each log is followed', '5')
  .option('--update', 'write the table to explorer/bench/traces.md')
  .parse()
const {
  kernel: version,
  rounds,
  update,
} = options.opts<{ kernel: string; rounds: string; update?: boolean }>()

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function timed<T>(run: () => T): { readonly result: T; readonly seconds: number } {
  const start = cpuSeconds()
  const result = run()
  return { result, seconds: cpuSeconds() - start }
}

function eventsOf(file: string): Logged[] {
  const bytes = readFileSync(file)
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1')
  const reader = new LogReader()
  const events: Logged[] = []
  for (const line of text.split('\n')) {
    const event = reader.push(line)
    if (event !== null) events.push({ event, text: line })
  }
  return events
}

const count = (n: number): string => Math.round(n).toLocaleString('en')
const perSecond = (n: number, seconds: number): string => count(n / seconds)

/** Follows a log several times; each time the system is compiled anew. */
async function measured(log: ObservedLog, events: number): Promise<string[]> {
  const seconds: number[] = []
  const walls: number[] = []
  let result = await follow(log)
  for (let n = 0; n < Number(rounds); n++) {
    const start = cpuSeconds()
    const begun = performance.now()
    result = await follow(log)
    seconds.push(cpuSeconds() - start)
    walls.push((performance.now() - begun) / 1000)
  }
  const { verdict, observations, candidates } = result
  return [
    count(observations),
    candidates.average.toFixed(0),
    count(candidates.largest),
    verdict.kind,
    ...speedOf(events, seconds, walls),
  ]
}

function speedOf(events: number, seconds: readonly number[], walls: readonly number[]): string[] {
  const { median, least, most } = spreadOf(seconds)
  return [
    median.toFixed(2),
    spreadOf(walls).median.toFixed(2),
    `**${perSecond(events, median)}**`,
    `${perSecond(events, most)} to ${perSecond(events, least)}`,
  ]
}

/** Holds the states of a log against the properties several times, each time from the start. */
function measuredStates(events: readonly Logged[]): string[] | null {
  const census = kvmTraces.census(null)
  for (const { event } of events) census.push(event)
  const replay = census.end().states()
  if (typeof replay === 'string') return null
  const seconds: number[] = []
  const walls: number[] = []
  let run = new StatesRun(kvmTraces, replay, null)
  for (let n = 0; n <= Number(rounds); n++) {
    const start = cpuSeconds()
    const begun = performance.now()
    run = new StatesRun(kvmTraces, replay, null)
    for (const { event, text } of events) run.push(event, event.line, text)
    run.end()
    // Without the first: a process of its own spends more on compiling than on a short log.
    if (n === 0) continue
    seconds.push(cpuSeconds() - start)
    walls.push((performance.now() - begun) / 1000)
  }
  const { states, verdicts } = run.result
  const judged = verdicts.reduce((sum, each) => sum + each.judged, 0)
  const cells = [
    `${count(states)} states`,
    `${count(judged)} judged`,
    '-',
    run.isNoticed ? 'VIOLATED' : 'holds',
  ]
  return [...cells, ...speedOf(events.length, seconds, walls)]
}

async function rowsOf(file: string, kernel: Kernel): Promise<string[][]> {
  const read = timed(() => eventsOf(file))
  const events = read.result
  const rows: string[][] = []
  const name = basename(file).replace(/\.txt(?:\.gz)?$/, '')
  const reading = [count(events.length), perSecond(events.length, read.seconds)]
  const states = measuredStates(events)
  if (states !== null) rows.push([name, 'level 1', ...reading, ...states])
  for (const slice of slices) {
    const fitted = fittedTo(slice, kernel, events)
    if (fitted === null) continue
    const log = observedLog(fitted, () => events) as unknown as ObservedLog
    rows.push([name, slice.id, ...reading, ...(await measured(log, events.length))])
  }
  return rows
}

function fittedTo(slice: Slice, kernel: Kernel, events: readonly Logged[]) {
  const survey = slice.survey(kernel)
  for (const { event } of events) survey.push(event)
  const fitted = survey.end()
  return typeof fitted === 'string' ? null : fitted
}

/** Two processes that take and release a lock in turns: the follower alone, without parsing and without a table. */
function* turns(): Generator<Observation> {
  for (let line = 1; line <= 20_000; line++) {
    const n = ((line - 1) >>> 1) & 1
    const step = line & 1 ? 'l1' : 'l2'
    const before = [{ oneOf: [{ thread: `proc${n}`, step }] }]
    yield { thread: `task-${n}`, line, event: step, text: '', before }
  }
}

const HEADING = [
  'log',
  'slice',
  'events',
  'read, events/s',
  'observations',
  'candidates',
  'most',
  'verdict',
  'CPU s',
  'wall s',
  'events/s',
  'from, to',
]

async function main(): Promise<void> {
  const kernel = TRACED_KERNELS.find((each) => each.version === version)
  if (kernel === undefined)
    throw new Error(
      `no table for kernel ${version}; there are ${TRACED_KERNELS.map((k) => k.version).join(', ')}`,
    )
  const fixtures = join(folder, 'model', 'trace', 'logs')
  const files =
    options.args.length > 0 ? options.args : readdirSync(fixtures).map((name) => join(fixtures, name))
  const notes = machineNotes([])
  const add = (row: readonly string[]): string => {
    const line = `| ${row.join(' | ')} |`
    process.stderr.write(`${line}\n`)
    return line
  }
  const system = lock(2)
  const observable = ['l1', 'l2'].map((step) => ({ kind: 'proc', step }))
  const generic = await measured({ system, observable, observations: turns }, 20_000)
  const lines = [add(['two processes and a lock', '-', '20,000', '-', ...generic])]
  for (const file of files) for (const row of await rowsOf(file, kernel)) lines.push(add(row))
  const text = [
    '# How fast logs are followed',
    '',
    '`npm run bench:traces -- --update FILE...` writes this file. Reading is parsing alone; level 1 is replaying the parsed',
    'events and judging their states; following includes two passes of the slice over them, and compiling the system.',
    'Events of the log per CPU second of one process, median of the rounds after the first.',
    '',
    ...notes.map((note) => `- ${note}`),
    '',
    `| ${HEADING.join(' | ')} |`,
    `|${HEADING.map((_, n) => (n < 2 ? ' --- ' : ' ---: ')).join('|')}|`,
    ...lines,
    '',
  ].join('\n')
  process.stdout.write(text)
  if (update === true) replaceFile(join(folder, 'explorer', 'bench', 'traces.md'), text)
}

await main().catch((error: unknown) => {
  process.stderr.write(`traces: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
