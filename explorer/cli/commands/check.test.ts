import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { counterexampleFiles } from '../counterexample-files.ts'
import { InternalError } from '../errors.ts'
import { resultSchema } from '../report/result-json.ts'
import { CHECKER, inThisThread, runSmall } from '../testing/run-small.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The last line about `zap` with upstream. */
const LAST = 'mmucheck: 0 violated, 4 hold, 0 inconclusive, 1 vacuous, 1 reached'

const check = (...args: string[]) => runSmall(['check', '--out', folder, ...args])

describe('check', () => {
  it('prints a block, the totals and the verdict', async () => {
    const { status, out, err } = await check('zap', '--allow-vacuous')
    expect(out.map((line) => line.replace(/\d+\.\d s/, '0.0 s'))).toEqual([
      'zap (S1), design upstream (D0)',
      '  root-dropped     holds         judged in 1 state',
      '  freed-seen       reached       seen in 1 state',
      '  no-dead-end      holds',
      '  can-free         holds         goal true in 1 state',
      '  never-asked      vacuous',
      '    Its antecedent is true in no reachable state: Says nothing.',
      '  marked-for-good  holds         judged on 4 steps',
      '  complete, 6 states, 5 transitions, depth 5, 0.0 s',
      '',
      'mmucheck: 0 violated, 4 hold, 0 inconclusive, 1 vacuous, 1 reached (--allow-vacuous)',
    ])
    expect([status, err]).toEqual([0, []])
  })

  it('ends with 1 for a violation and says where the counterexample is, as the last word of its line', async () => {
    const { status, out } = await check('zap', '--design', 'D1', '--property', 'I-1')
    expect(status).toBe(1)
    const line = out.find((each) => each.includes('context switch'))
    const file = line?.split(' ').at(-1) ?? ''
    expect(line).toMatch(/^ {4}4 steps, 2 context switches: /)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      scenario: 'zap',
      design: 'request-first',
      property: 'root-dropped',
    })
    // The deadlock that it leads to was not asked for; it needs more steps.
    expect(out).toContain(`  read first: mmucheck show ${file}`)
    expect(out.at(-1)).toBe('mmucheck: 2 violated, 0 hold, 0 inconclusive; 1 violation not asked for')
  })

  it('prints one object that follows the schema with --json', async () => {
    const { status, out } = await check('zap', '--design', 'D1', '--design', 'D0', '--json')
    expect(status).toBe(1)
    const result = resultSchema.parse(JSON.parse(out.join('\n')))
    expect(result.verdict).toBe('violated')
    expect(result.checks.map((c) => [c.scenario, c.design, c.complete])).toEqual([
      ['zap', 'request-first', true],
      ['zap', 'upstream', true],
    ])
    const [dropped] = result.checks[0].properties
    expect(dropped).toMatchObject({
      id: 'root-dropped',
      kind: 'invariant',
      verdict: 'violated',
      antecedent: 2,
    })
    expect(dropped.counterexample).toMatchObject({ length: 4, contextSwitches: 2, loopStart: null })
    expect(existsSync(dropped.counterexample?.file ?? '')).toBe(true)
    expect(result.checks[1].steps).toEqual({
      'zapper.Z.1': 1,
      'zapper.Z.2': 1,
      'zapper.Z.3': 1,
      'vcpu.V.1': 1,
      'vcpu.V.2': 1,
    })
  })

  it('writes the object to a file and the text to the output with --json FILE', async () => {
    const file = join(folder, 'deep', 'result.json')
    const { out } = await check('zap', '--json', file)
    expect(resultSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).verdict).toBe('vacuous')
    expect(out.slice(-2)).toEqual([`result: ${file}`, LAST])
    expect(readdirSync(join(folder, 'deep'))).toEqual(['result.json'])
  })

  it('does not take a scenario for the file of --json', async () => {
    const { status, err } = await check('--json', 'zap')
    expect(status).toBe(2)
    expect(err[0]).toContain('--json: the file must end in .json')
  })

  it('adds marks to the words with --unicode, and is plain ASCII without', async () => {
    const marked = (await check('zap', '--design', 'D1', '--unicode')).out.join('\n')
    expect(marked).toContain('\u2713 holds')
    expect(marked).toContain('\u2717 VIOLATED')
    const plain = (await check('zap', '--design', 'D1')).out.join('\n')
    expect(plain).toMatch(/^[\x20-\x7e\n]*$/)
  })

  it('prints the last line only with --quiet', async () => {
    expect((await check('zap', '--quiet')).out).toEqual([LAST])
  })

  it.each([
    ['--max-states', '3', 'more than 3 states (--max-states)'],
    ['--max-depth', '2', 'depth 2 reached (--max-depth)'],
  ])('ends with 4 when %s is reached, with the reason', async (flag, value, reason) => {
    const { status, out } = await check('zap', flag, value)
    expect(status).toBe(4)
    expect(out.join(' ')).toContain(`INCOMPLETE: ${reason}`)
    expect(out.at(-1)).toContain('inconclusive')
    const { out: json } = await check('zap', flag, value, '--json')
    const result = resultSchema.parse(JSON.parse(json.join('\n')))
    expect(result.verdict).toBe('inconclusive')
    expect(result.checks[0]).toMatchObject({ complete: false, incompleteReason: reason })
    expect(result.checks[0].properties.map((p) => p.verdict)).not.toContain('violated')
  })

  it('ends with 0 under a limit with --allow-incomplete, and says so', async () => {
    const { status, out } = await check('zap', '--max-states', '3', '--allow-incomplete')
    expect(status).toBe(0)
    expect(out.at(-1)).toMatch(/inconclusive \(--allow-incomplete\)$/)
  })

  it('keeps a violation that was found before the limit', async () => {
    const { status } = await check('zap', '--design', 'D1', '--max-depth', '4', '--allow-incomplete')
    expect(status).toBe(1)
  })

  it.each(['random', 'priorities', 'preemptions'])(
    'finds a violation by %s search, shrunk, and proves nothing',
    async (search) => {
      const sampled = (...args: string[]) =>
        check('zap', '--search', search, '--property', 'I-1', ...args, '--json')
      const bad = await sampled('--design', 'D1')
      expect(bad.status).toBe(1)
      const [{ properties, complete }] = resultSchema.parse(JSON.parse(bad.out.join('\n'))).checks
      expect(complete).toBe(false)
      expect(properties[0].counterexample).toMatchObject({ length: 4, contextSwitches: 2 })
      expect((await sampled()).status).toBe(4)
    },
  )

  it('lists steps that were never taken', async () => {
    const { out } = await check('zap', '--max-depth', '1', '--property', 'no-dead-end')
    expect(out).toContain('  never taken (3 of 5 steps): zapper.Z.3, vcpu.V.1, vcpu.V.2')
  })

  it('gives the same result whatever the seed, the storage and the number of workers', async () => {
    const plain = async (...args: string[]) => {
      const { out } = await check('zap', '--design', 'D1', '--design', 'D0', '--json', ...args)
      return JSON.parse(out.join('\n').replace(/"(seconds|bytesPerState)": [^,]*,/g, ''))
    }
    const one = await plain('--workers', '1')
    expect(await plain('--workers', '7')).toEqual(one)
    expect(await plain('--seed', '12345')).toEqual(one)
  })

  it('never says "complete, holds" of progress when states are only fingerprints', async () => {
    const { out, status } = await check('zap', '--property', 'can-free', '--storage', 'fingerprint')
    expect(status).toBe(4)
    expect(out[1]).toContain('inconclusive')
    const { out: more } = await check('zap', '--property', 'I-1', '--storage', 'fingerprint')
    expect(more.join(' ')).toMatch(/omission\s+probability\s+below\s+\S+\s+\(measured: /)
  })
})

describe('where nothing was judged, check', () => {
  const vacuous = ['zap', '--property', 'never-asked']

  it('says vacuous and what was never true, and ends with 4', async () => {
    const { status, out } = await check(...vacuous)
    expect(status).toBe(4)
    expect(out.slice(1, 3)).toEqual([
      '  never-asked  vacuous',
      '    Its antecedent is true in no reachable state: Says nothing.',
    ])
    expect(out.at(-1)).toBe('mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 vacuous')
  })

  it('ends with 0 with --allow-vacuous, and says so', async () => {
    const { status, out } = await check(...vacuous, '--allow-vacuous')
    expect(status).toBe(0)
    expect(out.at(-1)).toBe('mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 vacuous (--allow-vacuous)')
    // The other option is about something else.
    expect((await check(...vacuous, '--allow-incomplete')).status).toBe(4)
  })

  it('has a word for it in JSON, for the property and for all of it', async () => {
    const { out } = await check(...vacuous, '--json')
    const { verdict, checks } = resultSchema.parse(JSON.parse(out.join('\n')))
    expect(verdict).toBe('vacuous')
    expect(checks[0].properties[0]).toMatchObject({ verdict: 'vacuous', antecedent: 0, asked: true })
  })

  it('is inconclusive, not vacuous, when the search was not complete', async () => {
    for (const how of [
      ['--max-depth', '2'],
      ['--search', 'random'],
    ]) {
      const { status, out } = await check(...vacuous, ...how, '--allow-vacuous')
      expect(status).toBe(4)
      expect(out.at(-1)).toBe('mmucheck: 0 violated, 0 hold, 1 inconclusive')
    }
  })

  it('exits with 1 all the same when something is violated', async () => {
    expect((await check('zap', '--design', 'D1', '--property', 'never-asked')).status).toBe(1)
  })
})

describe('a witness', () => {
  const seen = ['zap', '--property', 'freed-seen']
  // The vCPU keeps the root, so that the zapper waits: in that deadlock nothing is freed.
  const unseen = ['waits', '--property', 'freed-seen-alone']

  it('is reached, by a sample too, which never says "holds"', async () => {
    const { status, out } = await check(...seen)
    expect(status).toBe(0)
    expect(out[1]).toBe('  freed-seen  reached       seen in 1 state')
    expect(out.at(-1)).toBe('mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 reached')
    for (const search of ['random', 'priorities', 'preemptions']) {
      const sample = await check(...seen, '--search', search)
      expect(sample.out[1]).toMatch(/^ {2}freed-seen {2}reached {7}seen in \d+ states?$/)
      expect(sample.out.join('\n')).not.toContain('holds')
    }
  })

  it('that is not reached is NOT REACHED, with a sentence and 4, and no violation', async () => {
    const { status, out } = await check(...unseen)
    expect(status).toBe(4)
    expect(out.slice(1, 3)).toEqual([
      '  freed-seen-alone  NOT REACHED',
      '    No reachable state shows it: The root is freed though the vCPU holds it.',
    ])
    expect(out.at(-1)).toBe('mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 not reached')
    expect((await check(...unseen, '--allow-vacuous')).status).toBe(0)
    const { out: json } = await check(...unseen, '--json')
    const { verdict, checks } = resultSchema.parse(JSON.parse(json.join('\n')))
    expect([verdict, checks[0].properties[0].verdict]).toEqual(['vacuous', 'not-reached'])
  })

  it('that a sample did not reach is inconclusive', async () => {
    for (const search of ['random', 'priorities', 'preemptions']) {
      const { status, out } = await check(...unseen, '--search', search)
      expect([status, out[1]]).toEqual([4, expect.stringContaining('inconclusive')])
    }
  })
})

describe('deadlocks and faults', () => {
  it('are judged whatever was asked for, shown as not asked for, and end with 1', async () => {
    const { status, out } = await check('zap', '--design', 'D1', '--property', 'marked-for-good')
    expect(status).toBe(1)
    expect(out[1]).toMatch(/^ {2}marked-for-good {2}holds/)
    expect(out[2]).toBe('  not asked for:')
    expect(out[3]).toBe('  no-dead-end      VIOLATED')
    expect(out[4]).toMatch(/^ {4}4 steps, 2 context switches: .*ce-[0-9a-f]{8}\.json$/)
    expect(out.at(-1)).toBe('mmucheck: 1 violated, 1 hold, 0 inconclusive; 1 violation not asked for')
  })

  it('that no scenario lists are found too', async () => {
    const { status, out } = await check('zap', '--design', 'unmarks', '--property', 'root-dropped')
    expect(status).toBe(1)
    expect(out).toContain('  no-double-free  VIOLATED')
    // Behind the fault nothing is known.
    expect(out.find((line) => line.includes('root-dropped'))).toContain(
      'judged up to the oops no-double-free',
    )
  })

  it('are in the JSON, as not asked for', async () => {
    const { out } = await check('zap', '--property', 'root-dropped', '--json')
    const [{ properties }] = resultSchema.parse(JSON.parse(out.join('\n'))).checks
    expect(properties.map(({ id, asked, verdict }) => [id, asked, verdict])).toEqual([
      ['root-dropped', true, 'holds'],
      ['no-dead-end', false, 'holds'],
      ['no-double-free', false, 'holds'],
    ])
  })

  it('can be asked for in any scenario that is named', async () => {
    const { status, out } = await check('zap', '--property', 'no-double-free', '--property', 'no-dead-end')
    expect(status).toBe(0)
    expect(out.at(-1)).toBe('mmucheck: 0 violated, 2 hold, 0 inconclusive')
  })

  it('are found by samples too, which end with what was asked for', async () => {
    const sampled = (property: string) =>
      check('zap', '--design', 'D1', '--search', 'random', '--property', property, '--json')
    const deadEnd = (out: readonly string[]) => {
      const [{ properties, coverage }] = resultSchema.parse(JSON.parse(out.join('\n'))).checks
      return { verdict: properties.find((p) => p.id === 'no-dead-end')?.verdict, walks: coverage?.walks }
    }
    const other = await sampled('marked-for-good')
    expect([other.status, deadEnd(other.out).verdict]).toEqual([1, 'violated'])
    expect(deadEnd(other.out).walks).toBe(1000)
    expect(deadEnd((await sampled('root-dropped')).out).walks).toBeLessThan(1000)
  })
})

describe('check refuses', () => {
  const refused: [string, string[], string][] = [
    ['an unknown scenario', ['zapp'], 'no scenario is called "zapp"; did you mean zap?'],
    ['an unknown design', ['--design', 'D9'], 'no design is called "D9"; did you mean D0?'],
    ['an unknown property', ['--property', 'I-2'], 'no property is called "I-2"; did you mean I-1?'],
    [
      'a property of scenarios that were not named',
      ['--design', 'D1', '--property', 'can-finish'],
      'property can-finish is not checked in any chosen scenario; it is checked in counts',
    ],
    [
      'a property that no scenario checks',
      ['--property', 'no-double-free'],
      'property no-double-free is not checked in any chosen scenario; name any scenario',
    ],
    ['a limit of 0', ['--max-states', '0'], '--max-states: must be a whole number of at least 1, not "0"'],
    ['no number', ['--workers', 'many'], '--workers: must be a whole number of at least 1, not "many"'],
    ['an unknown search', ['--search', 'dfs'], '--search: must be one of bfs, random'],
    ['an unknown reduction', ['--reduce', 'most'], '--reduce: must be one of none, symmetry, por, all'],
    [
      'another format',
      ['--format', 'xml'],
      '--format: must be one of text, ktap, junit, sarif, github, markdown',
    ],
    ['an unknown option', ['--desing', 'D1'], "unknown option '--desing' (did you mean --design?)"],
    [
      'a design that does not fit',
      ['zap', '--design', 'misspelt'],
      'the model is wrong: patch "drop Z.99": no program has a step "Z.99"',
    ],
    [
      'a design for other scenarios',
      ['counts', '--design', 'request-first'],
      'design request-first does not fit scenario counts (patch "move Z.2 before Z.1": no program has a step "Z.2"); it is for zap',
    ],
    [
      'an option of another search',
      ['--walks', '3'],
      '--walks can only be used with --search random or priorities',
    ],
  ]
  it.each(refused)('%s', async (_, args, message) => {
    const { status, out, err } = await check(...args)
    expect(status).toBe(2)
    expect(err[0]).toContain(message)
    expect(err.length).toBeLessThanOrEqual(2)
    expect(out).toEqual([])
  })
})

describe('what cannot be written', () => {
  const noFolder = (): string => {
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    return file
  }
  const CELL = ['check', 'zap', '--design', 'D1', '--property', 'I-1']

  it('is printed: the verdict, and the trace as a diagram', async () => {
    const { status, out, err } = await runSmall([...CELL, '--out', noFolder()])
    expect(status).toBe(1)
    expect(err).toHaveLength(1)
    expect(err[0]).toMatch(
      /^mmucheck: warning: cannot write to .*a-file: E\w+; the trace is printed instead; free some space or choose /,
    )
    expect(out[1]).toContain('VIOLATED')
    expect(out[2]).toMatch(/^ {4}4 steps, 2 context switches: ce-\w+ \(not written\)$/)
    expect(out).toContain('  CPU0 (zapper)                       CPU1 (vcpu)')
    expect(out).toContain('    <--- BUG: root-dropped')
    expect(out.at(-1)).toBe('mmucheck: 2 violated, 0 hold, 0 inconclusive; 1 violation not asked for')
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('is in the result as JSON, and can be replayed from there', async () => {
    const { status, out, err } = await runSmall([...CELL, '--json', '--out', noFolder()])
    expect([status, err.length]).toEqual([1, 1])
    const { counterexample } = resultSchema.parse(JSON.parse(out.join('\n'))).checks[0].properties[0]
    expect(counterexample).toMatchObject({ file: null, length: 4 })
    const file = join(folder, 'saved.json')
    writeFileSync(file, JSON.stringify(counterexample?.contents))
    expect((await runSmall(['replay', file])).status).toBe(0)
  })

  it('is warned of once, however many there are, with --quiet too', async () => {
    const many = ['check', 'zap', '--design', 'D1', '--out', noFolder()]
    const { status, out, err } = await runSmall([...many, '--quiet'])
    expect([status, out.length, err.length]).toEqual([1, 1, 1])
    const violated = Number(/(\d+) violated/.exec(out[0])?.[1])
    expect(violated).toBeGreaterThan(1)
    const text = (await runSmall(many)).out.join('\n')
    expect(text.match(/<--- BUG/g)).toHaveLength(violated)
  })

  it.each([
    ['a violation', CELL, 1],
    ['a proof', ['check', 'zap', '--property', 'I-1'], 0],
  ] as const)('keeps its verdict: the result file, of %s', async (_, args, expected) => {
    const file = join(noFolder(), 'r.json')
    const { status, out, err } = await runSmall([...args, '--json', file, '--out', folder])
    expect(status).toBe(expected)
    expect(err).toHaveLength(1)
    expect(err[0]).toMatch(
      /^mmucheck: warning: cannot write to .*r\.json: (EEXIST|ENOTDIR); a file of this name, if any, /,
    )
    expect(out.at(-1)).toMatch(/^mmucheck: \d violated/)
    expect(out.join()).not.toContain('result: ')
  })
})

describe('when the checker contradicts itself', () => {
  it('the status is 70 and no verdict is printed', async () => {
    const writer = counterexampleFiles(CHECKER, async () => {
      throw new InternalError('the replay in a fresh process disagrees with the search: step 3')
    })
    const { status, out, err } = await runSmall(['check', 'zap', '--design', 'D1', '--out', folder], {
      writer,
    })
    expect(status).toBe(70)
    expect(err).toEqual([
      'mmucheck: internal error: the replay in a fresh process disagrees with the search: step 3',
    ])
    expect(out).toEqual([])
  })

  it('a bug shows its stack', async () => {
    const runner = {
      run: async () => {
        throw new TypeError('undefined is not a function')
      },
    }
    const { status, err } = await runSmall(['check', 'zap'], { runner })
    expect(status).toBe(70)
    expect(err[0]).toBe('mmucheck: internal error: undefined is not a function')
    expect(err.length).toBeGreaterThan(2)
  })
})

describe('an interrupted check', () => {
  it('reports what was not searched as inconclusive', async () => {
    const interrupt = new AbortController()
    const runner = {
      run: (...args: Parameters<typeof inThisThread.run>) => {
        interrupt.abort(130)
        return inThisThread.run(...args)
      },
    }
    const { status, out } = await runSmall(
      ['check', 'zap', '--design', 'D0', '--design', 'D1', '--workers', '1', '--json', '--out', folder],
      { runner, signal: interrupt.signal },
    )
    expect(status).toBe(130)
    const { verdict, checks } = resultSchema.parse(JSON.parse(out.join('\n')))
    expect(verdict).toBe('inconclusive')
    expect(checks.map((c) => [c.complete, c.incompleteReason])).toEqual([
      [false, 'interrupted'],
      [false, 'interrupted before it began'],
    ])
    expect(checks[1].properties.map((p) => p.verdict)).toEqual(Array(7).fill('inconclusive'))
  })
})
