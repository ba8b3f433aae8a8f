import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { counterexampleShape } from '../../counterexamples/counterexample-file.ts'
import { FORMS } from '../../counterexamples/forms.ts'
import { scenarioFileSchema } from '../../model/scenarios/scenario-file.ts'
import { designFile } from './design-file.ts'
import { EXIT } from './exit-status.ts'
import { FINDINGS } from './gate/compare.ts'
import { gateShape } from './gate/gate-json.ts'
import { catalogue as kvmCatalogue } from './kvm-catalogue.ts'
import { resultSchema } from './report/result-json.ts'
import { runOn, runSmall } from './testing/run-small.ts'
import { catalogue as smallCatalogue } from './testing/small-catalogue.ts'

/**
 * The spellings that scripts, CI jobs and stored files rely on. The words of the project may change around them; these
 * may only be added to.
 */

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-contract-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Options of `check`, each with what it is used with. */
const CHECK_OPTIONS: readonly (readonly string[])[] = [
  ['--design', 'upstream'],
  ['--design', 'D1'],
  ['--property', 'root-dropped'],
  ['--property', 'i-1'],
  ...['none', 'symmetry', 'por', 'all'].map((how) => ['--reduce', how]),
  ['--self-check'],
  ...['exact', 'fingerprint'].map((how) => ['--storage', how]),
  ['--fingerprint-bits', '96'],
  ['--workers', '1'],
  ['--seed', '7'],
  ['--search', 'bfs'],
  ['--search', 'random', '--walks', '5'],
  ['--search', 'priorities', '--bug-depth', '2', '--walks', '5'],
  ['--search', 'preemptions', '--preemptions', '1'],
  ['--max-states', '1000'],
  ['--max-depth', '99'],
  ['--time-limit', '60'],
  ['--memory-limit', '9000'],
  ['--allow-incomplete'],
  ['--allow-vacuous'],
  ['--checkpoint', join(folder, 'checkpoints'), '--checkpoint-every', '60'],
  ['--resume', join(folder, 'checkpoints')],
  ['--json'],
  ['--json', join(folder, 'result.json')],
  ...['text', 'ktap', 'junit', 'sarif', 'github', 'markdown'].map((format) => ['--format', format]),
  ['--quiet'],
  ['--unicode'],
]

describe('options that scripts use', () => {
  it.each(CHECK_OPTIONS)('are taken by check: %s %s %s %s', async (...options) => {
    const { status, err } = await runSmall(['check', 'zap', '--out', folder, ...options])
    expect([EXIT.holds, EXIT.violated, EXIT.inconclusive], err.join('\n')).toContain(status)
  })

  it('are documented by check, all of them', async () => {
    const { out } = await runSmall(['check', '--help'])
    const documented = new Set(out.join('\n').match(/--[a-z][a-z-]*/g))
    for (const option of ['--scenario', '--out', ...CHECK_OPTIONS.flat().filter((o) => o.startsWith('--'))])
      expect(documented).toContain(option)
  })

  it('are taken by the other commands', async () => {
    await runSmall([
      'check',
      'zap',
      '--design',
      'D1',
      '--property',
      'root-dropped',
      '--out',
      folder,
      '--json',
      join(folder, 'r.json'),
    ])
    const { out } = await runSmall([
      'check',
      'zap',
      '--design',
      'D1',
      '--property',
      'I-1',
      '--out',
      folder,
      '--json',
    ])
    const { checks } = resultSchema.parse(JSON.parse(out.join('\n')))
    const [id] = checks.flatMap((c) => c.properties.flatMap((p) => p.counterexample?.id ?? []))
    for (const form of FORMS)
      expect((await runSmall(['show', id, '--out', folder, '--as', form])).status).toBe(0)
    for (const command of [
      ['replay', id, '--out', folder],
      ['replay', id, '--out', folder, '--quiet'],
      ['replay', '-i', id, '--out', folder],
      ['replay', '--interactive', id, '--out', folder],
      ['shrink', id, '--out', folder],
      ['machine', 'vcpu', '--as', 'json'],
      ['machine', 'vcpu', '--as', 'mermaid', '--scenario', 'zap', '--design', 'D1'],
      ['doctor', '--json'],
      ['explain', 'D1'],
      ['--version'],
      ['--help'],
    ])
      expect([command, (await runSmall(command, { typed: ['q'] })).status]).toEqual([command, 0])
  })
})

/** Options of `gate`, each with what it is used with. */
const GATE_OPTIONS: readonly (readonly string[])[] = [
  ['--update'],
  ['--only', 'upstream in zap', '--same-graph', '--format', 'ktap'],
  ['--shard', '1/2', '--json', join(folder, 'part.json')],
  ['--tier', 'gate', '--workers', '1', '--budget', '60', '--time-limit', '60', '--quiet'],
  ['--max-states', '1000', '--memory-limit', '9000', '--json'],
  ['--cache', folder],
  ['--no-cache'],
]

describe('options of gate', () => {
  const file = join(folder, 'baseline.json')
  const one = { ...smallCatalogue, designs: smallCatalogue.designs.slice(0, 1) }
  const small = { ...one, scenarios: one.scenarios.filter(({ id }) => id === 'zap') }

  it('are taken', async () => {
    for (const options of GATE_OPTIONS) {
      const { status, err } = await runOn(small, ['gate', '--baseline', file, '--out', folder, ...options])
      // A property of the small scenario is vacuous.
      expect([options, status, err]).toEqual([options, EXIT.inconclusive, []])
    }
  })

  it('are documented, all of them', async () => {
    const { out } = await runSmall(['gate', '--help'])
    const documented = new Set(out.join('\n').match(/--[a-z][a-z-]*/g))
    for (const option of ['--kernel', '--baseline', '--out', ...GATE_OPTIONS.flat()])
      if (option.startsWith('--')) expect(documented).toContain(option)
  })
})

/** Options of the commands for several machines; they are used with a real queue in queue/. */
const QUEUE_OPTIONS = {
  submit: [
    ...['--redis', '--kernel', '--tier', '--only', '--time-limit', '--budget', '--max-states', '--recheck'],
    ...['--stop-on-violation', '--swarm', '--shards', '--safety', '--expected-states', '--fingerprint-bits'],
    ...['--memory-limit', '--seed', '--property', '--design', '--allow-incomplete', '--allow-vacuous'],
    ...['--baseline', '--same-graph', '--json', '--format', '--out', '--quiet'],
  ],
  worker: ['--redis', '--workers', '--dir', '--idle-exit', '--quiet'],
  status: ['--redis', '--json'],
  merge: ['--recheck'],
}

describe('options for several machines', () => {
  it.each(Object.entries(QUEUE_OPTIONS))('are documented by %s, all of them', async (command, options) => {
    const { out } = await runSmall([command, '--help'])
    const documented = new Set(out.join('\n').match(/--[a-z][a-z-]*/g))
    for (const option of options) expect(documented).toContain(option)
    expect((await runSmall(['--help'])).out.join('\n')).toMatch(new RegExp(`^  ${command} `, 'm'))
  })
})

/** Members of the result, by where they are. */
const RESULT = {
  '': ['schema', 'version', 'modelHash', 'verdict', 'checks'],
  checks: [
    'scenario',
    'design',
    'patches',
    'withoutEffect',
    'remarks',
    'ownSteps',
    'complete',
    'incompleteReason',
    'states',
    'visited',
    'transitions',
    'depth',
    'deadlocks',
    'seconds',
    'bytesPerState',
    'reduction',
    'reductionFactor',
    'notApplied',
    'selfCheck',
    'workers',
    'collisionProbability',
    'collisionMeasured',
    'coverage',
    'modelError',
    'resume',
    'resumedFrom',
    'steps',
    'properties',
  ],
  properties: [
    'id',
    'kind',
    'asked',
    'verdict',
    'antecedent',
    'counterexample',
    'reason',
    'upTo',
    'subject',
    'fairness',
  ],
  counterexample: [
    'id',
    'file',
    'contents',
    'length',
    'contextSwitches',
    'loopStart',
    'shortest',
    'unconfirmed',
  ],
}

const COUNTEREXAMPLE_FILE = [
  'format',
  'tool',
  'id',
  'scenario',
  'design',
  'property',
  'kind',
  'model',
  'initial',
  'steps',
  'loopStart',
  'scenarioFile',
  'designFile',
  'subject',
  'fairness',
]

const DESIGN_FILE = ['id', 'title', 'about', 'scenarios', 'patches']
const SCENARIO_FILE = ['id', 'title', 'about', 'bounds', 'start', 'properties']

describe('members of JSON that scripts read', () => {
  it('are in the result', async () => {
    const { out } = await runSmall(['check', 'zap', '--design', 'D1', '--out', folder, '--json'])
    const result = JSON.parse(out.join('\n'))
    const property = result.checks[0].properties.find(({ id }: { id: string }) => id === 'root-dropped')
    expect(Object.keys(result)).toEqual(expect.arrayContaining(RESULT['']))
    expect(Object.keys(result.checks[0])).toEqual(expect.arrayContaining(RESULT.checks))
    expect(Object.keys(property)).toEqual(expect.arrayContaining(RESULT.properties))
    expect(Object.keys(property.counterexample)).toEqual(expect.arrayContaining(RESULT.counterexample))
    expect(result).toMatchObject({ schema: 'mmucheck-result/1', verdict: 'violated' })
    expect(result.checks[0].steps).toMatchObject({ 'zapper.Z.1': expect.any(Number) })
  })

  it('have the same values', () => {
    const { checks, verdict } = resultSchema.shape
    const { reduction, properties } = checks.element.shape
    expect(verdict.options).toEqual(['holds', 'violated', 'inconclusive', 'vacuous'])
    expect(reduction.options).toEqual(['none', 'symmetry', 'por', 'all'])
    expect(properties.element.shape.verdict.options).toEqual(
      expect.arrayContaining([
        'holds',
        'violated',
        'inconclusive',
        'vacuous',
        'not-applicable',
        'reached',
        'not-reached',
      ]),
    )
    const kinds = new Set(kvmCatalogue.properties.map(({ kind }) => kind))
    for (const kind of ['invariant', 'action', 'fault', 'deadlock', 'progress', 'witness'])
      expect(kinds).toContain(kind)
  })

  it('are in the lists', async () => {
    const { out } = await runSmall(['list', '--json'])
    const lists = JSON.parse(out.join('\n'))
    const named = ['id', 'aliases', 'title']
    const members: Record<string, string[]> = {
      scenarios: [...named, 'about', 'bounds', 'properties'],
      designs: [...named, 'status', 'kernel', 'about', 'scenarios', 'expect'],
      properties: [...named, 'kind', 'class', 'when', 'reference'],
      machines: [...named, 'steps', 'scenarios'],
    }
    for (const [list, names] of Object.entries(members))
      expect(Object.keys(lists[list][0])).toEqual(expect.arrayContaining(names))
    const statuses = new Set(kvmCatalogue.designs.map(({ status }) => status))
    expect([...statuses].sort()).toEqual(['before', 'bug', 'candidate', 'control', 'rejected', 'upstream'])
  })

  it('are in the result of a gate', () => {
    const { findings, cells } = gateShape.shape
    expect(Object.keys(gateShape.shape)).toEqual(
      expect.arrayContaining([
        'schema',
        'version',
        'modelHash',
        'kernel',
        'tier',
        'only',
        'shard',
        'cached',
        'exitStatus',
      ]),
    )
    expect(Object.keys(findings.element.shape)).toEqual(
      expect.arrayContaining(['kind', 'cell', 'property', 'was', 'now', 'note', 'counterexample']),
    )
    expect(Object.keys(cells.element.shape)).toEqual(
      expect.arrayContaining(['design', 'scenario', 'complete', 'states', 'transitions', 'properties']),
    )
    expect(FINDINGS).toMatchObject({
      introduced: 1,
      'not-caught': 3,
      lost: 3,
      vacuous: 4,
      inconclusive: 4,
      fixed: 0,
    })
  })

  it('are those of doctor', async () => {
    const { out } = await runSmall(['doctor', '--json'])
    expect(Object.keys(JSON.parse(out.join('\n')))).toEqual(
      expect.arrayContaining(['mmucheck', 'model', 'node', 'v8', 'xstate', 'platform', 'cores', 'memoryMiB']),
    )
  })

  it('are taken in files', () => {
    const membersOf = (schema: object) => Object.keys((schema as { properties: object }).properties)
    expect(Object.keys(counterexampleShape.shape)).toEqual(expect.arrayContaining(COUNTEREXAMPLE_FILE))
    expect(membersOf(z.toJSONSchema(designFile, { io: 'input' }))).toEqual(
      expect.arrayContaining(DESIGN_FILE),
    )
    expect(membersOf(scenarioFileSchema())).toEqual(expect.arrayContaining(SCENARIO_FILE))
    for (const patch of [
      { op: 'drop', name: 'Z.1', in: 'zapper' },
      { op: 'move', name: 'Z.2', before: 'Z.1', jumps: 'follow' },
      { op: 'move', name: 'Z.1', after: 'Z.2', jumps: 'stay' },
    ])
      expect(designFile.parse({ id: 'x', title: 'x', patches: [patch] }).patches).toEqual([patch])
  })
})

describe('aliases', () => {
  it.each([
    ['R1', 'prev-roots-tested-by-current'],
    ['d2-skip', 'skip-rmaps-of-obsolete-pages'],
    ['K3', 'pae-bit-kept-in-direct-pages'],
    ['I-13', 'no-stale-root-used'],
    ['seed-002', 'roots-zap-all'],
  ])('%s is taken for %s', async (alias, id) => {
    const { status, out } = await runSmall(['explain', alias], {
      catalogue: { ...kvmCatalogue, questions: [] },
    })
    expect([status, out[0]]).toEqual([0, expect.stringContaining(id)])
  })
})

it.each([
  ['good', 0, ['zap', '--property', 'root-dropped']],
  ['bad', 1, ['zap', '--design', 'D1', '--property', 'root-dropped']],
  ['skip', 125, ['zap', '--max-states', '2', '--property', 'root-dropped']],
  ['abort, for a wrong name', 128, ['zip']],
  ['abort, for a wrong option', 128, ['zap', '--prop', 'root-dropped']],
  ['abort, for a wrong model', 128, ['zap', '--design', 'misspelt']],
])('bisect-run says %s by %i', async (_, status, args) => {
  expect((await runSmall(['bisect-run', ...args, '--out', folder])).status).toBe(status)
})

it('exit statuses are those that CI and `git bisect run` know', () => {
  expect(EXIT).toMatchObject({
    holds: 0,
    violated: 1,
    usage: 2,
    mismatch: 3,
    inconclusive: 4,
    internal: 70,
    hungUp: 129,
    interrupted: 130,
    terminated: 143,
  })
})
