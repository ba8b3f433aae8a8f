import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Design } from '../../model/designs/design.ts'
import { insert } from '../../model/language/patch.ts'
import { type Step, step } from '../../model/language/program.ts'
import { findDesign } from './catalogue.ts'
import { counterexampleFiles } from './counterexample-files.ts'
import { resultSchema } from './report/result-json.ts'
import { runCheck } from './run-check.ts'
import type { SearchRunner } from './search-runner.ts'
import { runSmall } from './testing/run-small.ts'
import { catalogue } from './testing/small-catalogue.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const check = (...args: string[]) => runSmall(['check', 'zap', '--out', folder, ...args])
const outside = ['--design', 'outside']
const source = readFileSync(join(import.meta.dirname, 'testing', 'small-catalogue.ts'), 'utf8').split('\n')
const line = source.findIndex((text) => text.includes('w.ticks[0] = 100')) + 1
const place = `(explorer/cli/testing/small-catalogue.ts:${line})`
const message = `zap: step Z.3 of zapper: world.ticks[0] = 100 is outside its domain (range 0..99) ${place}`

describe('a model error', () => {
  it('is printed with the steps that lead to it, and ends with 2', async () => {
    const { status, out, err } = await check(...outside)
    expect(status).toBe(2)
    expect(err).toEqual([`mmucheck: the model is wrong: ${message}`])
    const at = out.findIndex((line) => line.startsWith('  MODEL ERROR: '))
    expect(out.slice(at, at + 8)).toEqual([
      '  MODEL ERROR: zap: step Z.3 of zapper: world.ticks[0] = 100 is outside its',
      `    domain (range 0..99) ${place}`,
      '    after 3 steps:',
      '    1. zapper  Z.1: mark(): sp->role.invalid = 1',
      '    2. zapper  Z.2: request(): kvm_make_request()',
      '    3. zapper  Z.3',
      `  INCOMPLETE: the model is wrong: ${message.slice(0, 46)}`.trimEnd(),
      expect.stringContaining('is outside its domain'),
    ])
    expect(out.at(-1)).toMatch(/^mmucheck: 0 violated, .*; the model is wrong in 1 of 1 checks$/)
  })

  it('is in the object with --json, and stops the search of its own check only', async () => {
    const { status, out } = await check(...outside, '--design', 'upstream', '--json')
    expect(status).toBe(2)
    const { checks, verdict } = resultSchema.parse(JSON.parse(out.join('\n')))
    expect(verdict).toBe('inconclusive')
    const [wrong, right] = checks
    expect(wrong.complete).toBe(false)
    expect(wrong.modelError?.message).toBe(message)
    expect(wrong.modelError?.steps?.map(({ thread, step }) => `${thread} ${step}`)).toEqual([
      'zapper Z.1',
      'zapper Z.2',
      'zapper Z.3',
    ])
    expect(wrong.properties.map((p) => p.verdict)).not.toContain('holds')
    expect(right).toMatchObject({ design: 'upstream', complete: true, modelError: null })
  })

  it('gives way to a violation, of another check or found before it in its own', async () => {
    const other = await check(...outside, '--design', 'request-first')
    expect(other.status).toBe(1)
    expect(other.out.join('\n')).toMatch(/VIOLATED(.|\n)*the model is wrong in 1 of 2 checks$/)

    // Fails two steps after the violation of request-first.
    const late = step<{ ticks: number[] }>(
      'Z.4',
      {},
      {
        does: (w) => {
          w.ticks[0] = 100
        },
      },
    )
    const first = findDesign(catalogue, 'request-first')
    const both: Design<unknown> = {
      ...first,
      id: 'both',
      aliases: [],
      patches: [...first.patches, insert({ after: 'Z.3' }, late as Step<unknown>)],
    }
    const more = { ...catalogue, designs: [...catalogue.designs, both] }
    const runner: SearchRunner = {
      run: (request, signal, listener) =>
        runCheck(more, request, { stop: () => signal.aborted, ...listener }),
    }
    const args = ['check', 'zap', '--design', 'both', '--property', 'root-dropped', '--json', '--out', folder]
    const { status, out } = await runSmall(args, {
      catalogue: more,
      runner,
      writer: counterexampleFiles(
        { catalogue: more, version: '0.0.0', modelHash: () => '0123456789abcdef' },
        async () => null,
      ),
    })
    expect(status).toBe(1)
    const [{ modelError, properties }] = resultSchema.parse(JSON.parse(out.join('\n'))).checks
    expect(modelError).not.toBeNull()
    expect(properties[0].verdict).toBe('violated')
    expect(existsSync(properties[0].counterexample?.file ?? '')).toBe(true)
  })

  it('is a false claim of symmetry where symmetry was insisted on', async () => {
    const { status, err } = await runSmall(['check', 'lopsided', '--reduce', 'symmetry'])
    expect(status).toBe(2)
    expect(err[0]).toContain('lopsided: step T.1 of ticker0 treats ids 0 and 1 of sort counter differently')
  })
})
