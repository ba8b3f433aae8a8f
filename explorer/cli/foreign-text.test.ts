import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { idOf, readCounterexample } from '../../counterexamples/counterexample-file.ts'
import { FORMS } from '../../counterexamples/forms.ts'
import { errorLines } from './error-lines.ts'
import { type Ran, runSmall } from './testing/run-small.ts'

/** Text that would erase a line, reverse text, hide it, and print a false verdict. */
const VERDICT = 'mmucheck: 0 violated, 1 hold, 0 inconclusive'
const HOSTILE = `x\r\x1b[2K\x9b2K\u202e\u200b\u2028\x7f\ud800\n${VERDICT}\n`

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function file(content: unknown, name = `file-${files++}.json`): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const swap = { op: 'move', name: 'Z.2', before: 'Z.1' }
const design = (changes: object): string => file({ id: 'mine', title: 'mine', patches: [swap], ...changes })

/** A counterexample of the small catalogue, changed, with an id that fits. */
async function counterexample(changes: object): Promise<string> {
  const out = join(folder, 'some')
  await runSmall(['check', 'zap', '--design', 'D1', '--property', 'I-1', '--out', out])
  const ce = { ...readCounterexample(join(out, readdirSync(out)[0])), ...changes }
  return file({ ...ce, id: idOf(ce) })
}

/**
 * Nothing but what a terminal shows as it is, and no verdict but the one that is due. Tabs are in the script of a page,
 * and U+FFFD is what a file system makes of half a character; neither is in the hostile text.
 */
function expectTame({ out, err }: Ran, verdicts: readonly string[] = []): void {
  for (const line of [...out, ...err]) {
    expect(line).toMatch(/^[\t\x20-\x7e\ufffd]*$/)
    // The program of a page and its data are one line each.
    expect(line.length).toBeLessThan(line.startsWith('<script') ? 50_000 : 20_000)
  }
  expect([...out, ...err].filter((line) => /^\s*mmucheck: \d/.test(line))).toEqual(verdicts)
}

describe('text from outside is quoted', () => {
  const refused: [string, () => string[] | Promise<string[]>][] = [
    ['a command', () => [HOSTILE]],
    ['an option', () => [`--${HOSTILE}`]],
    ['a value of an option', () => ['check', '--max-states', HOSTILE]],
    ['a choice', () => ['check', '--search', HOSTILE]],
    ['too many arguments', () => ['doctor', HOSTILE]],
    ['a scenario', () => ['check', HOSTILE]],
    ['a design', () => ['check', '--design', HOSTILE]],
    ['a property', () => ['check', '--property', HOSTILE]],
    ['a name to explain', () => ['explain', HOSTILE]],
    ['a machine', () => ['machine', HOSTILE]],
    ['a kind of list', () => ['list', HOSTILE]],
    ['the name of a counterexample', () => ['show', HOSTILE]],
    ['the folder of a counterexample', () => ['show', 'ce-00000000', '--out', HOSTILE]],
    ['a folder to resume from', () => ['check', 'zap', '--resume', HOSTILE]],
    [
      'what is in a folder to resume from',
      () => {
        mkdirSync(join(folder, 'cp', HOSTILE), { recursive: true })
        return ['check', 'zap', '--resume', join(folder, 'cp')]
      },
    ],
    ['the name of a design file', () => ['check', '--design', `${HOSTILE}.json`]],
    ['a design file that is not JSON', () => ['check', '--design', file(`{"id": ${HOSTILE}`)]],
    ['a key of a design file', () => ['check', '--design', design({ [HOSTILE]: 1 })]],
    [
      'many keys',
      () => [
        'check',
        '--design',
        design(Object.fromEntries(Array.from({ length: 9999 }, (_, i) => [`${HOSTILE}${i}`, 1]))),
      ],
    ],
    ['a key of a patch', () => ['check', '--design', design({ patches: [{ ...swap, [HOSTILE]: 1 }] })]],
    ['an id', () => ['check', '--design', design({ id: HOSTILE })]],
    ['a step', () => ['check', '--design', design({ patches: [{ op: 'drop', name: HOSTILE }] })]],
    [
      'a long step',
      () => ['check', '--design', design({ patches: [{ op: 'drop', name: 'Z'.repeat(500_000) }] })],
    ],
    ['a place', () => ['check', '--design', design({ patches: [{ ...swap, before: HOSTILE }] })]],
    ['a machine of a patch', () => ['check', '--design', design({ patches: [{ ...swap, in: HOSTILE }] })]],
    ['a scenario of a design', () => ['check', '--design', design({ scenarios: [HOSTILE] })]],
    ['a counterexample that is not JSON', () => ['show', file(HOSTILE, 'ce.json')]],
    ['the file of a counterexample', () => ['show', file('{}', `${HOSTILE.replaceAll('/', '')}.json`)]],
    ['a key of a counterexample', async () => ['show', await counterexample({ [HOSTILE]: 1 })]],
    [
      'its format',
      async () => ['show', await counterexample({ format: `mmucheck-counterexample/${HOSTILE}` })],
    ],
    ['its kind', async () => ['show', await counterexample({ kind: HOSTILE })]],
    ['its scenario', async () => ['show', await counterexample({ scenario: HOSTILE })]],
    ['its design', async () => ['show', await counterexample({ design: HOSTILE })]],
    ['its property', async () => ['show', await counterexample({ property: HOSTILE })]],
    [
      'its threads',
      async () => ['show', await counterexample({ steps: [{ thread: HOSTILE, step: 'Z.1' }] })],
    ],
    [
      'its steps',
      async () => ['show', await counterexample({ steps: [{ thread: 'zapper', step: HOSTILE }] })],
    ],
    ['its model', async () => ['show', await counterexample({ model: HOSTILE })]],
    [
      'a folder that cannot be made',
      () => ['shrink', 'ce-00000000', '--out', join(file('', `${HOSTILE.replaceAll('/', '')}.txt`), 'x')],
    ],
  ]
  it.each(refused)('%s', async (_, args) => {
    const ran = await runSmall(await args())
    expect(ran.status).not.toBe(0)
    expect(ran.out).toEqual([])
    expect(ran.err.length).toBeGreaterThan(0)
    expect(ran.err.length).toBeLessThanOrEqual(2)
    expectTame(ran)
  })

  it('the title of a design, in every form', async () => {
    const out = join(folder, 'titled')
    const path = design({ title: HOSTILE.repeat(2), about: HOSTILE })
    const ran = await runSmall(['check', 'zap', '--design', path, '--property', 'I-1', '--out', out])
    expect(ran.status).toBe(1)
    expectTame(ran, ['mmucheck: 2 violated, 0 hold, 0 inconclusive; 1 violation not asked for'])
    const [ce] = readdirSync(out)
    for (const form of FORMS) {
      const shown = await runSmall(['show', join(out, ce), '--design', path, '--as', form])
      expect([form, shown.status]).toEqual([form, 0])
      expectTame(shown)
    }
  })

  it('the folder of a counterexample', async () => {
    const out = join(folder, 'to', HOSTILE)
    for (const more of [[], ['--json'], ['--json', join(out, 'r.json')]]) {
      const ran = await runSmall([
        'check',
        'zap',
        '--design',
        'D1',
        '--property',
        'I-1',
        '--out',
        out,
        ...more,
      ])
      expect(ran.status).toBe(1)
      expectTame(
        ran,
        more.length === 1 ? [] : ['mmucheck: 2 violated, 0 hold, 0 inconclusive; 1 violation not asked for'],
      )
    }
    // As JSON it still means the file itself.
    const { checks } = JSON.parse(readFileSync(join(out, 'r.json'), 'utf8'))
    expect(readCounterexample(checks[0].properties[0].counterexample.file).property).toBe('root-dropped')
  })

  it('what is typed', async () => {
    const typed = [
      `\u202ez${HOSTILE}`,
      HOSTILE,
      `s ${HOSTILE}`,
      `w ${HOSTILE}`,
      `x ${HOSTILE}`,
      `g ${HOSTILE}`,
      `t ${HOSTILE}`,
      `until ${HOSTILE}`,
      `until request == "${HOSTILE}"`,
    ].map((line) => line.replaceAll(/[\r\n\u2028]/g, ' '))
    expectTame(await runSmall(['replay', '-i', await counterexample({})], { typed }))
  })

  it('the message of an unforeseen error, whose stack is shown', async () => {
    const runner = {
      run: async () => {
        throw new TypeError(HOSTILE)
      },
    }
    const ran = await runSmall(['check', 'zap'], { runner })
    expect(ran.status).toBe(70)
    expectTame(ran)
    expect(ran.err.length).toBeGreaterThan(2)
    expect(errorLines(`a\nb\n    at f (x.ts:1:1)\n`)).toEqual(['a\\nb', '    at f (x.ts:1:1)'])
  })
})

describe('a title that is written to close what it stands in', () => {
  const MARK = 'INJECTED'
  const CLOSING = `*/ ${MARK} /* </script><script>${MARK}()</script> --> "+${MARK}+" \` + MARK + \` \\" end; ${MARK} %% #35; ??/`

  /** The form of a counterexample whose design has this title, and its file a name that ends a comment. */
  async function formOf(form: string, title: string): Promise<string> {
    const out = join(folder, `closing-${files++}`)
    mkdirSync(join(folder, 'closing*'), { recursive: true })
    const path = file({ id: 'mine', title, patches: [swap] }, join('closing*', `${MARK}.json`))
    await runSmall(['check', 'zap', '--design', path, '--property', 'I-1', '--out', out])
    const { status, out: lines } = await runSmall([
      'show',
      join(out, readdirSync(out)[0]),
      '--design',
      path,
      '--as',
      form,
    ])
    expect(status).toBe(0)
    return lines.join('\n')
  }

  /** C without comments and literals. */
  const codeOf = (text: string): string =>
    text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, ' ')

  it('is no code of a selftest', async () => {
    const [tame, hostile] = [await formOf('selftest', 'tame'), await formOf('selftest', CLOSING)]
    expect(hostile).toContain(MARK)
    expect(codeOf(hostile)).not.toContain(MARK)
    expect(codeOf(hostile).replace(/\s+/g, ' ')).toBe(codeOf(tame).replace(/\s+/g, ' '))
  })

  it('does not end a comment in C', async () => {
    const text = await formOf('comment', CLOSING)
    expect(text.indexOf('*/')).toBe(text.trimEnd().length - 2)
  })

  it('is no element and no script of a page', async () => {
    const [tame, hostile] = [await formOf('html', 'tame'), await formOf('html', CLOSING)]
    expect(hostile).toContain(MARK)
    const tags = (text: string): number => text.split(/<\/?[a-z]/i).length
    expect(tags(hostile)).toBe(tags(tame))
  })

  it('adds no line to a sequence diagram, and no member to a trace in ITF', async () => {
    const [tame, hostile] = [await formOf('mermaid', 'tame'), await formOf('mermaid', CLOSING)]
    expect(hostile.split('\n').length).toBe(tame.split('\n').length)
    const members = (text: string): string[] => Object.keys(JSON.parse(text))
    expect(members(await formOf('itf', CLOSING))).toEqual(members(await formOf('itf', 'tame')))
  })
})

describe('what a counterexample file says of itself', () => {
  const claims = {
    tool: `${HOSTILE}9.9.9`,
    subject: `${HOSTILE}vcpu7`,
    fairness: [{ constraint: `${HOSTILE}strong`, because: `${HOSTILE}never enabled` }],
  }

  it.each(FORMS)('is not a fact in the form %s', async (form) => {
    const shown = await runSmall(['show', await counterexample(claims), '--as', form])
    expect(shown.status).toBe(0)
    expectTame(shown)
    const text = shown.out.join('\n')
    expect(text).not.toMatch(/vcpu7|strong|never enabled|9\.9\.9/)
  })
})
