import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { formatCounterexample, readCounterexample } from '../../counterexamples/counterexample-file.ts'
import { scenarioFile } from '../../model/scenarios/scenario-file.ts'
import { packageFolder } from '../bench/model-source.ts'
import type { Checker } from '../cli/checker.ts'
import { counterexampleFiles } from '../cli/counterexample-files.ts'
import { replayed } from '../cli/counterexamples.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { runCheck } from '../cli/run-check.ts'
import { runSmall } from '../cli/testing/run-small.ts'
import { schemaFiles } from './schemas.ts'

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function write(content: unknown): string {
  const path = join(folder, `file-${files++}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const scenario = {
  id: 'my-case',
  title: 'a vCPU runs while its root is zapped',
  bounds: { shadow: { pages: 3 }, zap: { threads: 1, pages: 1 } },
  start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
  properties: ['no-stale-root-used'],
}
const design = {
  id: 'request-first',
  title: 'request first, mark the root invalid second',
  patches: [{ op: 'move', name: 'ZAP.9', before: 'ZAP.8' }],
}

const checker: Checker = { catalogue, version: '0.0.0', modelHash: () => '0123456789abcdef' }
const run = (...args: string[]) =>
  runSmall(args, {
    ...checker,
    runner: {
      run: (request, signal, on) => runCheck(catalogue, request, { stop: () => signal.aborted, ...on }),
    },
    writer: counterexampleFiles(checker, async (found) => {
      replayed(checker, found)
      return null
    }),
  })

/** Checks, and gives the one counterexample that was written. */
async function counterexample(...args: string[]): Promise<string> {
  const out = join(folder, `out-${files++}`)
  const { status, err } = await run('check', ...args, '--out', out)
  expect([status, err]).toEqual([1, []])
  const found = readdirSync(out)
  expect(found).toHaveLength(1)
  return join(out, found[0])
}

/** Files of the scenario and the design, as options. */
const ours = () => ['--scenario', write(scenario), '--design', write({ ...design, scenarios: ['my-case'] })]

const strange = (lines: readonly string[]): boolean =>
  lines.some((line) => line.includes('\u001b') || line.includes('\u202e'))

describe('a scenario file', () => {
  it('is checked like a scenario of the catalogue, beside others', async () => {
    const more = write({ ...scenario, id: 'other', title: 'the same', properties: ['I-1', 'no-deadlock'] })
    const ran = await run('check', 'roots-zap-one', '--scenario', write(scenario), '--scenario', more)
    expect([ran.status, ran.err]).toEqual([0, []])
    const headings = ran.out.filter((line) => line.includes(', design upstream'))
    expect(headings.map((line) => line.split(/[ ,]/)[0])).toEqual(['roots-zap-one', 'my-case', 'other'])
  })

  it('is judged by what its bounds call for, unless it leaves that out and says why', async () => {
    const file = (more: object) => ['--scenario', write({ ...scenario, ...more }), '--design', ours()[3]]
    const check = async (more: object) => {
      const { status, out, err } = await run('check', ...file(more), '--out', join(folder, 'defaults'))
      return { status, err, text: out.join('\n').replace(/\s+/g, ' ') }
    }
    expect((await check({})).text).toContain('no-obsolete-root-kept VIOLATED')
    const left = await check({ leavesOut: { 'L-4': 'roots are kept on purpose' } })
    expect(left.text).toContain('not judged: no-obsolete-root-kept: roots are kept on purpose')
    expect(left.text).not.toContain('no-obsolete-root-kept VIOLATED')
    const useless = await check({ leavesOut: { 'no-install-during-invalidation': 'there are no notifiers' } })
    expect([useless.status, useless.err[0]]).toEqual([
      2,
      expect.stringContaining('is not judged here by default'),
    ])
  })

  it('is the same search as a scenario of the catalogue with the same bounds and start', async () => {
    const same = {
      bounds: {
        guest: { pgds: 2, gfns: 3, cr3Loads: 2 },
        host: { pfns: 3 },
        shadow: { pages: 5 },
        roots: { prev: 1 },
        zap: { all: 1, lockBreak: true },
      },
      start: {
        tables: [[2], [2]],
        pages: [
          { gfn: 0, level: 1 },
          { gfn: 2, level: 1 },
        ],
        oldestFirst: [1, 0],
      },
    }
    const asked = ['--design', 'R1', '--property', 'no-stale-root-used', '--out', join(folder, 'same')]
    const counts = async (...names: string[]) =>
      (await run('check', ...names, ...asked)).out
        .filter((line) => /states|steps/.test(line))
        .map((line) => line.replace(/, [\d.]+ s\b.*| out\/.*|ce-.*/, '').replace(/: .*same/, ''))
    const found = await counts('--scenario', write({ ...scenario, ...same }))
    expect(found.length).toBeGreaterThan(1)
    expect(found).toEqual(await counts('roots-zap-all'))
  })

  it('goes with a design file, and its counterexample carries both, so that a mailed one replays alone', async () => {
    const own = ours()
    const ce = await counterexample(...own, '--property', 'no-stale-root-used')
    expect(readCounterexample(ce)).toMatchObject({ scenarioFile: scenario, designFile: design })
    const mailed = write(readFileSync(ce, 'utf8'))
    expect(await run('replay', mailed)).toMatchObject({ status: 0, err: [] })
    expect((await run('show', mailed)).out.join(' ')).toContain(
      '--scenario my-case.scenario.json \\     --design request-first.json',
    )
    const mail = (await run('show', mailed, '--as', 'mail')).out
    const text = (start: number): unknown => {
      const end = mail.findIndex((line, n) => n > start && line === '  }')
      return JSON.parse(mail.slice(start + 1, end + 1).join('\n'))
    }
    expect(text(mail.indexOf('where my-case.scenario.json is'))).toEqual(scenario)
    expect(text(mail.indexOf('where request-first.json is'))).toMatchObject(design)
    const smaller = await run('shrink', mailed, '--out', folder)
    expect(smaller.status).toBe(0)
    expect((await run('explain', 'my-case')).status).toBe(2)
  })

  it('is carried by what shrink writes', async () => {
    const ce = await counterexample(
      '--scenario',
      write(scenario),
      '--design',
      write(design),
      '--property',
      'no-stale-root-used',
      '--search',
      'random',
      '--seed',
      '3',
    )
    const out = join(folder, 'smaller')
    await run('shrink', ce, '--out', out, '--keep-scenario')
    for (const name of readdirSync(folder).includes('smaller') ? readdirSync(out) : [])
      expect(readCounterexample(join(out, name))).toMatchObject({ scenarioFile: scenario })
    const less = await run('shrink', ce, '--out', join(folder, 'less'))
    const [line] = less.out.filter((each) => each.startsWith('smaller scenario: '))
    expect(line).toMatch(/^smaller scenario: .*: \S+my-case-shrunk\.scenario\.json$/)
    const again = await run('show', less.out.at(-1)?.split(' ').at(-1) as string)
    expect(again.out.join('\n')).toContain('--scenario my-case-shrunk.scenario.json')
  })

  const start = { tables: [[1]], pages: [{ gfn: 0, level: 1 }] }
  const wrongOnes: readonly (readonly [unknown, RegExp])[] = [
    ['{', /is not JSON/],
    ['[]', /expected object/],
    ['null', /expected object/],
    [{ ...scenario, extra: 1 }, /Unrecognized key: "extra"/],
    [{ ...scenario, id: '../x' }, /id: must consist of lower-case letters, digits and dashes/],
    [{ ...scenario, id: 'roots-zap-one' }, /id: "roots-zap-one" is the name of a scenario that exists/],
    [{ ...scenario, id: 'seed-002' }, /id: "seed-002" is the name of a scenario that exists/],
    [{ ...scenario, properties: [] }, /properties: must be at least one/],
    [
      { ...scenario, properties: ['no-stale-root-usd'] },
      /properties: .*no-stale-root-usd.*no-stale-root-used/,
    ],
    [{ ...scenario, bounds: { vcpus: 5 } }, /bounds\.vcpus: /],
    [
      { ...scenario, bounds: { vcpu: 2 } },
      /bounds: Unrecognized key: "vcpu"; did you mean vcpus\? see mmucheck list bounds/,
    ],
    [{ ...scenario, bounds: { guest: { gfns: 1e9 } } }, /bounds\.guest\.gfns: /],
    [
      { ...scenario, bounds: { zap: { threads: 1 } } },
      /the bounds make no sense: zap\.threads and zap\.pages/,
    ],
    [
      { ...scenario, bounds: { guest: { tables: 2 } } },
      /bounds\.guest\.tables is 2, but start\.tables has 1/,
    ],
    [
      { ...scenario, bounds: { aging: { calls: 1, of: [7] } } },
      /bounds\.aging\.of names 7, but .*gfns is 2: the last is 1/,
    ],
    [
      { ...scenario, bounds: { shadow: { levels: 1 }, guest: { gvas: 4 } } },
      /guest\.gvas is 4, .* have 1 addresses/,
    ],
    [{ ...scenario, bounds: { host: { pfns: 1 } } }, /bounds\.host\.pfns is 1/],
    [{ ...scenario, start: { tables: [] } }, /there are no guest tables \(start\.tables\)/],
    [
      { ...scenario, start: { tables: [[1], [1, 1]] }, bounds: { guest: { gfns: 3 }, host: { pfns: 3 } } },
      /table 1 has a different number/,
    ],
    [
      { ...scenario, start: { tables: [[9]] } },
      /start\.tables names 9, but bounds\.guest\.gfns is 2: the last is 1/,
    ],
    [{ ...scenario, start: { tables: [['x']] } }, /start\.tables\[0\]\[0\]: must be a gfn, null/],
    [{ ...scenario, start: { tables: [[{ huge: 1 }]] } }, /huge pages, which need bounds\.guest\.huge/],
    [{ ...scenario, start: { ...start, oldestFirst: [1] } }, /start\.oldestFirst names 1/],
    [{ ...scenario, start: { ...start, oldestFirst: [] } }, /oldestFirst must name every page/],
    [{ ...scenario, start: { ...start, cr3: [0, 0] } }, /start\.cr3 must have an element for each vCPU, 1/],
    [
      { ...scenario, start: { ...start, cr3Loads: [3] } },
      /gives a vCPU more than bounds\.guest\.cr3Loads, 0/,
    ],
    [{ ...scenario, start: { ...start, previous: 0 } }, /start\.previous needs bounds\.roots\.prev/],
    [{ ...scenario, start: { tables: [[1]], pages: [{ gfn: 0, level: 2 }] } }, /level of page 0 is above/],
    [{ ...scenario, start: { ...start, begin: 'x' } }, /start: Unrecognized key: "begin"/],
    [{ ...scenario, title: 'x'.repeat(300) }, /title: must have at most 200 characters/],
    [`${JSON.stringify(scenario)}${' '.repeat(2 ** 20)}`, /larger than 1 MiB/],
    [`${'['.repeat(100_000)}`, /is not JSON|expected object/],
  ]
  it.each(wrongOnes.map(([content, message]) => ({ content, message })))(
    'that is wrong is refused in one line: $message',
    async ({ content, message }) => {
      const path = write(content)
      const { status, err, out } = await run('check', '--scenario', path)
      expect(err[0]).toMatch(message)
      expect(err[0]).toContain(path)
      expect([status, err.length, out]).toEqual([2, 2, []])
    },
  )

  it('is not found, or given twice, in one line', async () => {
    const none = await run('check', '--scenario', join(folder, 'none.json'))
    expect([none.status, none.err[0]]).toEqual([
      2,
      expect.stringMatching(/cannot read the scenario .*no such file/),
    ])
    const path = write(scenario)
    const twice = await run('check', '--scenario', path, '--scenario', path)
    expect([twice.status, twice.err[0]]).toEqual([
      2,
      expect.stringContaining('two scenario files have the id "my-case"'),
    ])
  })

  it('has its text quoted', async () => {
    const ran = await run(
      'check',
      '--scenario',
      write({ ...scenario, title: 'a\u001b[31m\u202eb' }),
      '--design',
      write(design),
      '--out',
      folder,
    )
    expect(strange(ran.out)).toBe(false)
    const file =
      ran.out
        .find((line) => line.includes('ce-'))
        ?.split(' ')
        .at(-1) ?? ''
    for (const form of ['diagram', 'mail', 'html', 'itf'])
      expect(strange((await run('show', file, '--as', form)).out)).toBe(false)
  })
})

describe('a counterexample that carries a scenario and a design', () => {
  it('is refused in one line where what it carries makes no sense or is of another name', async () => {
    const whole = readCounterexample(await counterexample(...ours(), '--property', 'no-stale-root-used'))
    const wrong: [object, RegExp][] = [
      [
        { scenarioFile: { ...scenario, id: 'another' } },
        /contains the scenario another, but is of the scenario my-case/,
      ],
      [{ scenarioFile: { ...scenario, bounds: { vcpus: 99 } } }, /its scenario: bounds\.vcpus/],
      [{ scenarioFile: undefined }, /my-case/],
      [
        { designFile: { ...design, id: 'another' } },
        /contains the design another, but is of the design request-first/,
      ],
      [{ designFile: { ...design, patches: [] } }, /its design: patches: must be at least one/],
      [
        { designFile: { ...design, patches: [{ op: 'drop', name: 'X.1' }] } },
        /its design: in scenario my-case: .*X\.1/,
      ],
      [{ designFile: undefined }, /give its file with --design/],
    ]
    for (const [change, message] of wrong) {
      const { status, err } = await run('replay', write(formatCounterexample({ ...whole, ...change })))
      expect(err[0]).toMatch(message)
      expect([status, err.length]).toEqual([2, 2])
    }
    const held = {
      ...whole,
      designFile: { ...design, patches: [{ op: 'move', name: 'ZAP.8', before: 'ZAP.9' }] },
    }
    expect((await run('replay', write(formatCounterexample(held)))).status).toBe(70)
  })
})

describe('the program as it is installed', () => {
  it('searches a scenario file in threads, shared or not, confirms, and resumes from a checkpoint', () => {
    const main = join(packageFolder(), 'explorer', 'cli', 'mmucheck.cjs')
    const start = (...args: string[]) =>
      spawnSync(process.execPath, [main, 'check', ...args], { cwd: folder, encoding: 'utf8' })
    const own = ours()
    for (const how of [[], ['--workers', '2', '--reduce', 'none']]) {
      const { status, stdout, stderr } = start(...own, ...how)
      expect([status, stderr]).toEqual([1, ''])
      expect(stdout).toMatch(/no-stale-root-used +VIOLATED/)
    }
    expect(start(...own, '--max-depth', '5', '--checkpoint', 'cp').status).toBe(4)
    const { status, stdout } = start(...own, '--resume', 'cp')
    expect([status, stdout]).toEqual([1, expect.stringContaining('resumed from')])
    const changed = write({ ...scenario, bounds: { ...scenario.bounds, vcpus: 2 } })
    expect(start('--scenario', changed, ...own.slice(2), '--resume', 'cp')).toMatchObject({ status: 2 })
  })
})

describe('the JSON Schemas in docs/', () => {
  it.each(schemaFiles())('are current: $path', ({ path, text }) => {
    // `npm run schemas` writes them.
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it.each(schemaFiles())('describe every member: $path', ({ text }) => {
    const undescribed = (schema: unknown, path: string): string[] => {
      if (typeof schema !== 'object' || schema === null) return []
      const { properties = {}, ...others } = schema as { readonly properties?: Record<string, object> }
      const members = Object.entries(properties)
      return [
        ...members.filter(([, member]) => !('description' in member)).map(([name]) => `${path}.${name}`),
        ...members.flatMap(([name, member]) => undescribed(member, `${path}.${name}`)),
        ...Object.values(others).flatMap((inner) => undescribed(inner, path)),
      ]
    }
    expect(undescribed(JSON.parse(text), '')).toEqual([])
  })

  it('describe what is read', () => {
    expect(scenarioFile.safeParse({ $schema: 'scenario.schema.json', ...scenario }).success).toBe(true)
  })
})
