import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatCounterexample, readCounterexample } from '../../counterexamples/counterexample-file.ts'
import { applyPatches } from '../../model/language/patch.ts'
import { programsOf } from './built-programs.ts'
import { findDesign, findScenario } from './catalogue.ts'
import { UsageError } from './errors.ts'
import { runSmall } from './testing/run-small.ts'
import { catalogue } from './testing/small-catalogue.ts'
import { readDesign } from './user-design.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
/** Writes a design file; what is not given is filled in. */
function file(content: unknown): string {
  const path = join(folder, `design-${files++}.json`)
  const text =
    typeof content === 'string'
      ? content
      : JSON.stringify({ id: 'mine', title: 'mine', ...(content as object) })
  writeFileSync(path, text)
  return path
}

const swap = { op: 'move', name: 'Z.2', before: 'Z.1' }

describe('a design file', () => {
  it('is checked like a design of the catalogue, and its counterexamples replay with it', async () => {
    const path = file({ patches: [swap] })
    const out = join(folder, 'out')
    const ran = await runSmall(['check', 'zap', '--design', path, '--property', 'I-1', '--out', out])
    expect(ran.status).toBe(1)
    expect(ran.out[0]).toBe('zap (S1), design mine')
    const ce =
      ran.out
        .find((line) => line.includes(out))
        ?.split(' ')
        .at(-1) ?? ''
    expect((await runSmall(['replay', ce, '--design', path])).status).toBe(0)
    expect((await runSmall(['replay', ce])).status).toBe(0)
    const { designFile, ...old } = readCounterexample(ce)
    expect(designFile).toMatchObject({ id: 'mine', patches: [swap] })
    writeFileSync(ce, formatCounterexample(old))
    const without = await runSmall(['replay', ce])
    expect(without.status).toBe(2)
    expect(without.err[0]).toMatch(/ is of the design "mine", .*; give its file with --design$/)
    expect((await runSmall(['replay', ce, '--design', path])).status).toBe(0)
    const other = await runSmall(['replay', ce, '--design', file({ id: 'other', patches: [swap] })])
    expect(other.status).toBe(2)
    expect(other.err[0]).toMatch(/contains the design other, but ce-\w+ is of the design mine$/)
  })

  it('belongs to every scenario that its patches fit, when it names none', () => {
    expect(readDesign(catalogue, file({ patches: [swap] })).design.scenarios).toEqual([
      'zap',
      'zap-and-tick',
      'waits',
    ])
    expect(readDesign(catalogue, file({ patches: [{ op: 'drop', name: 'T.1' }] })).design.scenarios).toEqual([
      'zap-and-tick',
      'counts',
      'alike',
      'lopsided',
      'waits',
      'endless',
    ])
    expect(readDesign(catalogue, file({ patches: [swap], scenarios: ['S1'] })).design.scenarios).toEqual([
      'zap',
    ])
  })

  it('can repeat a step at another place, under another name', async () => {
    const twice = { op: 'insert', name: 'Z.2', as: 'Z.2 again', after: 'Z.3' }
    const { design } = readDesign(catalogue, file({ patches: [twice], scenarios: ['zap'] }))
    expect(applyPatches(programsOf(findScenario(catalogue, 'zap')), design.patches)[0].entries).toEqual([
      expect.objectContaining({ name: 'Z.1' }),
      expect.objectContaining({ name: 'Z.2' }),
      expect.objectContaining({ name: 'Z.3' }),
      expect.objectContaining({ name: 'Z.2 again', about: expect.objectContaining({ fn: 'request' }) }),
    ])
    expect(() =>
      readDesign(catalogue, file({ patches: [{ ...twice, as: undefined }], scenarios: ['zap'] })),
    ).toThrow(/Z\.2 stands there already; give the copy another name/)
    expect(() => readDesign(catalogue, file({ patches: [{ ...twice, name: 'Z.22' }] }))).toThrow(
      /did you mean Z\.2\?/,
    )
  })

  it('can give a step the code that it has in a design', () => {
    const { design } = readDesign(
      catalogue,
      file({ patches: [{ op: 'replace', name: 'Z.3', by: 'outside' }] }),
    )
    const [patch] = design.patches
    expect(patch).toMatchObject({ op: 'replace', name: 'Z.3' })
    const known = findDesign(catalogue, 'outside').patches[0]
    expect(patch.op === 'replace' && known.op === 'replace' && patch.by === known.by).toBe(true)
    for (const [by, message] of [
      ['outsid', /no design is called "outsid"; did you mean outside\?/],
      ['unmarks', /does not replace Z\.3 by code that stands alone; these have: outside, ends-its-thread/],
    ] as const)
      expect(() => readDesign(catalogue, file({ patches: [{ op: 'replace', name: 'Z.3', by }] }))).toThrow(
        message,
      )
  })

  it('says what it expects, and the gate holds it to that', async () => {
    const expects = (verdict: string, more: object = {}): string =>
      file({
        patches: [swap],
        scenarios: ['zap'],
        expect: [{ scenario: 'zap', property: 'root-dropped', verdict, ...more }],
      })
    const out = join(folder, 'gate')
    const judge = async (path: string) =>
      (await runSmall(['gate', '--design', path, '--out', out])).out.join('\n')
    expect(await judge(expects('violated'))).not.toContain('root-dropped')
    expect(await judge(expects('holds'))).toMatch(/INTRODUCED[\s\S]*root-dropped: mine in zap/)
    expect(() => readDesign(catalogue, expects('vacuous'))).toThrow(/expect 1: verdict vacuous needs a note/)
    const wrong = {
      patches: [swap],
      expect: [{ scenario: 'zapp', property: 'root-dropped', verdict: 'holds' }],
    }
    expect(() => readDesign(catalogue, file(wrong))).toThrow(
      /expect 1: no scenario is called "zapp"; did you mean zap\?/,
    )
  })

  it('is not a patch of the kernel, which a mail contains', async () => {
    const path = join(folder, 'series.patch')
    writeFileSync(
      path,
      'From: x\nSubject: y\n\n--- a/mmu.c\n+++ b/mmu.c\n@@ -1,2 +1,2 @@ static void mark(struct kvm *kvm)\n-a\n+b\n',
    )
    const { status, err } = await runSmall(['check', '--design', path])
    expect([status, err[0]]).toEqual([
      2,
      expect.stringMatching(/it is a patch of the kernel, .*\("mmucheck explain mark"\), and move, drop,/),
    ])
  })

  it('can limit a patch to one kind of machine', () => {
    const { design } = readDesign(catalogue, file({ patches: [{ op: 'drop', name: 'V.2', in: 'vcpu' }] }))
    expect(design.patches).toEqual([{ op: 'drop', name: 'V.2', in: 'vcpu' }])
  })

  it('says where jumps to a moved step land', () => {
    const moved = { op: 'move', name: 'V.2', before: 'run', jumps: 'stay' }
    expect(readDesign(catalogue, file({ patches: [moved] })).design.patches).toEqual([
      { op: 'move', name: 'V.2', place: { before: 'run' }, jumps: 'stay' },
    ])
  })

  const refused: [string, unknown, string][] = [
    ['no JSON', '{ id:', 'is not JSON'],
    ['no object', '[]', 'expected object'],
    ['no patches', { patches: [] }, 'patches: '],
    ['an unknown member', { patches: [swap], code: 'process.exit()' }, 'Unrecognized key: "code"'],
    [
      'an operation that runs code',
      { patches: [{ op: 'replace', name: 'Z.1', by: '()=>{}' }] },
      'patch 1: no design is called "()=>{}"',
    ],
    ['a move to nowhere', { patches: [{ op: 'move', name: 'Z.1' }] }, 'patches[0]: must be'],
    ['a name like a path', { id: '../../etc', patches: [swap] }, 'id: must consist of lower-case letters'],
    ['a long id', { id: 'x'.repeat(65), patches: [swap] }, 'id: must have at most 64 characters'],
    ['a long title', { title: 'x'.repeat(201), patches: [swap] }, 'title: must have at most 200 characters'],
    ['a long name', { patches: [{ ...swap, name: 'x'.repeat(201) }] }, 'patches[0].name: must have at most'],
    ['many patches', { patches: Array(257).fill(swap) }, 'patches: must be at most 256'],
    ['many scenarios', { scenarios: Array(1001).fill('zap'), patches: [swap] }, 'must be at most 1000'],
    ['too much', JSON.stringify({ about: 'x'.repeat(1 << 20) }), 'it is larger than 1 MiB'],
    [
      'the name of a design that exists',
      { id: 'upstream', patches: [swap] },
      'is the name of a design that exists',
    ],
    ['its alias', { id: 'd1', patches: [swap] }, 'is the name of a design that exists'],
    [
      'an unknown scenario',
      { patches: [swap], scenarios: ['zip'] },
      'no scenario is called "zip"; did you mean zap?',
    ],
    [
      'an unknown step',
      { patches: [{ op: 'drop', name: 'Z.11' }] },
      'patch 1: no step is called "Z.11"; did you mean Z.1?',
    ],
    [
      'an unknown place',
      { patches: [swap, { op: 'move', name: 'Z.2', after: 'Z.8' }] },
      'patch 2: no step is called "Z.8"; did you mean Z.1?',
    ],
    [
      'an unknown machine',
      { patches: [{ op: 'drop', name: 'Z.1', in: 'zaper' }] },
      'patch 1: no machine is called "zaper"; did you mean zapper?',
    ],
    [
      'a step of another machine',
      { patches: [{ op: 'drop', name: 'Z.1', in: 'vcpu' }] },
      'no step is called "Z.1"',
    ],
    [
      'a move into another machine',
      { patches: [{ op: 'move', name: 'Z.1', after: 'V.2' }] },
      'no scenario fits all of its patches',
    ],
    [
      'a move of a step that others jump to, without a word on the jumps',
      { patches: [{ op: 'move', name: 'V.2', before: 'run' }] },
      'in scenario zap: patch "move V.2 before run": V.1 jumps to V.2, and the patch does not say where such jumps land',
    ],
    [
      'jumps that go nowhere',
      { patches: [{ op: 'move', name: 'V.2', before: 'run', jumps: 'away' }] },
      'patches[0]: must be',
    ],
    [
      'patches for two scenarios',
      { patches: [swap, { op: 'drop', name: 'T.1' }], scenarios: ['zap', 'endless'] },
      'in scenario zap: patch "drop T.1"',
    ],
    [
      'patches that do not fit the scenario it names',
      { patches: [{ op: 'move', name: 'Z.1', after: 'V.2' }], scenarios: ['zap'] },
      'in scenario zap: patch "move Z.1 after V.2"',
    ],
  ]
  it.each(refused)('with %s is refused in one line', (_, content, message) => {
    const path = file(content)
    let said: unknown
    try {
      readDesign(catalogue, path)
    } catch (error) {
      said = error
    }
    expect(said).toBeInstanceOf(UsageError)
    expect((said as Error).message).toContain(message)
    expect((said as Error).message).not.toContain('\n')
  })

  it('that does not exist is refused', async () => {
    const { status, err } = await runSmall(['check', '--design', join(folder, 'none.json')])
    expect(status).toBe(2)
    expect(err[0]).toMatch(/^mmucheck: cannot read the design .*none\.json: there is no such file$/)
  })

  it('with the longest id there may be is checked, kept and replayed', async () => {
    const path = file({ id: 'x'.repeat(64), title: 'x'.repeat(200), patches: [swap] })
    const out = join(folder, 'long')
    const ran = await runSmall(['check', 'zap', '--design', path, '--property', 'I-1', '--out', out])
    expect([ran.status, ran.err]).toEqual([1, []])
    const ce = join(out, readdirSync(out)[0])
    expect((await runSmall(['replay', ce, '--design', path])).status).toBe(0)
  })

  it('that names a scenario twice, by whatever names, is checked there once', async () => {
    const path = file({ patches: [swap], scenarios: ['zap', 'S1', 'ZAP'] })
    const quiet = ['--property', 'I-1', '--quiet', '--out', folder]
    const once = ['mmucheck: 2 violated, 0 hold, 0 inconclusive; 1 violation not asked for']
    expect((await runSmall(['check', '--design', path, ...quiet])).out).toEqual(once)
    expect((await runSmall(['check', 'zap', 'S1', 'zap', '--design', path, ...quiet])).out).toEqual(once)
    expect((await runSmall(['check', 'zap', '--design', 'D1', '--design', 'd1', ...quiet])).out).toEqual(once)
  })

  it('that has changed since a counterexample was found is the mistake of its user', async () => {
    const path = file({ patches: [swap] })
    const out = join(folder, 'before')
    await runSmall(['check', 'zap', '--design', path, '--property', 'I-1', '--out', out])
    const ce = join(out, readdirSync(out)[0])
    for (const patches of [[{ op: 'move', name: 'Z.1', before: 'Z.2' }], [{ op: 'drop', name: 'V.1' }]]) {
      writeFileSync(path, JSON.stringify({ id: 'mine', title: 'mine', patches }))
      for (const command of ['replay', 'show', 'shrink']) {
        const { status, out: said, err } = await runSmall([command, ce, '--design', path])
        expect([command, status, said]).toEqual([command, 2, []])
        expect(err[0]).toMatch(
          /^mmucheck: ce-\w+.*; has .*\.json changed since ce-\w+ was found\? Check it again$/,
        )
      }
    }
  })

  it('goes into a mail, from which a reader can save it and find the same', async () => {
    const path = file({ patches: [swap] })
    const out = join(folder, 'mailed')
    const asked = ['--property', 'I-1', '--out', out]
    const first = await runSmall(['check', 'zap', '--design', path, ...asked])
    const [ce] = readdirSync(out)
    const mail = (await runSmall(['show', join(out, ce), '--design', path, '--as', 'mail'])).out.join('\n')
    expect(mail).toContain(`--design ${path} --property root-dropped\n\nwhere ${path} is\n`)
    const saved = file(mail.slice(mail.indexOf('\n  {\n')))
    const again = await runSmall(['check', 'zap', '--design', saved, ...asked])
    expect(again.out.filter((l) => l.includes(out))).toEqual(first.out.filter((l) => l.includes(out)))
    expect(again.status).toBe(1)
  })

  it('cannot share its id with another', async () => {
    const [a, b] = [file({ patches: [swap] }), file({ patches: [swap] })]
    const { err } = await runSmall(['check', '--design', a, '--design', b])
    expect(err[0]).toContain('two design files have the id "mine"')
  })
})
