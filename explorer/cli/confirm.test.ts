import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Counterexample } from '../../counterexamples/counterexample-file.ts'
import { freshProcess } from './confirm.ts'
import { counterexampleFiles } from './counterexample-files.ts'
import { resultSchema } from './report/result-json.ts'
import { CHECKER, runSmall } from './testing/run-small.ts'

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
afterAll(() => rmSync(folder, { recursive: true }))

const starts = join(folder, 'starts')
let programs = 0

/** A program that notes that it starts, and then handles each request as the code says. */
function replayer(code: string): string {
  const path = join(folder, `replayer-${programs++}.mjs`)
  const note = `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(starts)}, 'x');`
  writeFileSync(starts, '')
  writeFileSync(path, `${note} process.on('message', (text) => { const ce = JSON.parse(text); ${code} })\n`)
  return path
}
const started = (): number => readFileSync(starts, 'utf8').length
const CONFIRMS = 'process.send({ disagreement: null });'

const counterexample = (id: string): Counterexample => ({
  format: 'mmucheck-counterexample/1',
  id,
  tool: '0.0.0',
  model: '0123456789abcdef',
  scenario: 'zap',
  design: 'upstream',
  property: 'root-dropped',
  kind: 'invariant',
  initial: 0,
  steps: [],
  loopStart: null,
})

describe('the process that confirms', () => {
  it('is started once, and takes one counterexample at a time', async () => {
    const { confirm } = freshProcess(
      replayer(`globalThis.n ??= 0; const at = ++globalThis.n;
        setTimeout(() => process.send({ disagreement: at === globalThis.n ? null : 'two at a time' }), 20)`),
    )
    const all = ['ce-00000001', 'ce-00000002', 'ce-00000003'].map((id) => confirm(counterexample(id)))
    expect([await Promise.all(all), started()]).toEqual([[null, null, null], 1])
  })

  it('ends on request, after the last answer', async () => {
    const { confirm, end } = freshProcess(replayer(`setTimeout(() => ${CONFIRMS.slice(0, -1)}, 50)`))
    const answer = confirm(counterexample('ce-00000001'))
    await end()
    expect(await answer).toBeNull()
    expect(await confirm(counterexample('ce-00000001'))).toBeNull()
    expect(started()).toBe(2)
    await freshProcess(replayer(CONFIRMS)).end()
  })

  it('is started again where it ends early, and only what it cannot replay stays unconfirmed', async () => {
    const { confirm } = freshProcess(
      replayer(
        `if (ce.id === 'ce-00000002') { console.error('no more memory'); process.exit(9) } ${CONFIRMS}`,
      ),
    )
    const all = ['ce-00000001', 'ce-00000002', 'ce-00000003'].map((id) => confirm(counterexample(id)))
    const why = 'the process that replays ended with status 9: no more memory'
    expect([await Promise.all(all), started()]).toEqual([[null, why, null], 3])
  })

  it('confirms at the second attempt what another counterexample broke', async () => {
    const entry = replayer(`if (globalThis.hasOne) process.kill(process.pid, 'SIGKILL')
      globalThis.hasOne = true; ${CONFIRMS}`)
    const { confirm } = freshProcess(entry)
    expect(await confirm(counterexample('ce-00000001'))).toBeNull()
    expect(await confirm(counterexample('ce-00000002'))).toBeNull()
    expect(started()).toBe(2)
  })

  it('is given up where it says nothing', async () => {
    const { confirm } = freshProcess(replayer(`if (ce.id === 'ce-00000001') for (;;); ${CONFIRMS}`), 1000)
    const all = ['ce-00000001', 'ce-00000002'].map((id) => confirm(counterexample(id)))
    expect(await Promise.all(all)).toEqual(['no answer from the process that replays in 1 s', null])
  })

  it('may not exist', async () => {
    const confirm = freshProcess(join(folder, 'none.mjs')).confirm
    await expect(confirm(counterexample('ce-00000001'))).resolves.toMatch(
      /^the process that replays ended with status 1: /,
    )
  })
})

describe('a violation that could not be confirmed', () => {
  const writer = counterexampleFiles(CHECKER, freshProcess(join(folder, 'none.mjs')).confirm)
  const D1 = ['check', 'zap', '--design', 'D1', '--property', 'root-dropped', '--out', join(folder, 'out')]

  it('is a violation, and the report says so', async () => {
    const { status, out } = await runSmall(D1, { writer })
    expect(status).toBe(1)
    expect(out.join('\n')).toMatch(/ {4}NOT CONFIRMED: the process that replays ended with status 1:/)
    const json = await runSmall([...D1, '--json'], { writer })
    const [{ properties }] = resultSchema.parse(JSON.parse(json.out.join('\n'))).checks
    expect(properties[0].verdict).toBe('violated')
    expect(properties[0].counterexample?.unconfirmed).toMatch(/^the process that replays ended /)
  })
})
