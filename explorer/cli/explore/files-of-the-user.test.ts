import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Chalk } from 'chalk'
import { afterAll, describe, expect, it } from 'vitest'
import type { TraceStep } from '../../../model/language/trace.ts'
import type { Catalogue } from '../catalogue.ts'
import type { Io } from '../io.ts'
import { catalogue as kvm } from '../kvm-catalogue.ts'
import { runOn, runSmall } from '../testing/run-small.ts'
import { catalogue as small } from '../testing/small-catalogue.ts'
import type { ExploreData } from './page/explore-data.ts'

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-explore-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** What the page of `explore` shows and does, as a browser would ask; ends with the terminal afterwards. */
async function exploring<T>(
  catalogue: Catalogue,
  args: readonly string[],
  use: (page: string, ask: (name: string, body: object) => Promise<unknown>) => Promise<T>,
): Promise<{ readonly status: number; readonly seen: T }> {
  const ending = new AbortController()
  let print = (_: string): void => {}
  const printed = new Promise<string>((resolve) => {
    print = resolve
  })
  const io: Io = {
    out: (line) => print(line),
    err: () => {},
    status: () => {},
    live: false,
    colour: new Chalk({ level: 0 }),
    input: process.stdin,
    editor: null,
    width: 80,
  }
  const ran = runOn(catalogue, ['explore', ...args, '--out', join(folder, 'out')], {
    io,
    signal: ending.signal,
  })
  const url = new URL(await printed)
  try {
    const page = await (await fetch(url)).text()
    const seen = await use(page, async (name, body) => {
      const headers = { 'content-type': 'application/json', origin: url.origin }
      const answer = await fetch(`${url}${name}`, { method: 'POST', headers, body: JSON.stringify(body) })
      return answer.json()
    })
    ending.abort(130)
    return { status: (await ran).status, seen }
  } finally {
    ending.abort(130)
  }
}

const SWAPPED = { id: 'mine', title: 'mine', patches: [{ op: 'move', name: 'Z.2', before: 'Z.1' }] }
const CODE = `
import { replace, step } from 'mmucheck/language'
const forget = step('Z.1', { fn: 'mark', shows: 'forgets to mark' }, { does: (w) => { w.marked = false } })
export default { id: 'forgets', title: 'forgets to mark the root', scenarios: ['zap'], patches: [replace('Z.1', forget)] }
`

describe('explore takes files', () => {
  it.each([
    ['a design file', file('mine.json', JSON.stringify(SWAPPED)), 'mine', 'designFile'],
    ['a design that is code', file('forgets.ts', CODE), 'forgets', 'designCode'],
  ])('%s, which a saved path carries', async (_, path, id, carried) => {
    const { status, seen } = await exploring(small, ['zap', '--design', path], async (page, ask) => {
      const steps: TraceStep[] = []
      // Goes where a property is violated, or else on, as long as there is a step.
      for (let n = 0; n < 50; n++) {
        const { enabled } = ((await ask('path', { steps })) as { ok: ExploreData }).ok
        const next = enabled.find(({ violates }) => violates !== null) ?? enabled.at(-1)
        if (next === undefined) break
        steps.push({ thread: next.thread, step: next.step })
        if (next.violates !== null) break
      }
      return { page, saved: await ask('save', { steps, as: 'counterexample' }) }
    })
    expect(status).toBe(130)
    expect(seen.page).toContain(`zap with ${id}`)
    const saved = (seen.saved as { ok: { file: string } }).ok.file
    expect(JSON.parse(readFileSync(saved, 'utf8'))).toMatchObject({
      design: id,
      [carried]: expect.anything(),
    })
    expect((await runSmall(['replay', saved, '--design', path])).status).toBe(0)
  })

  it('a scenario file', async () => {
    const path = join(import.meta.dirname, '../../../docs/examples/two-vcpus.json')
    const { seen } = await exploring(kvm, ['--scenario', path], async (page, ask) => ({
      page,
      threads: new Set(
        ((await ask('path', { steps: [] })) as { ok: ExploreData }).ok.enabled.map(({ thread }) => thread),
      ),
    }))
    expect(seen.page).toContain('two-vcpus with upstream')
    expect([...seen.threads].sort()).toEqual(['vcpu0', 'vcpu1', 'zapper0'])
  })

  it.each([
    ['a scenario and its file', ['zap', '--scenario', 'x.json'], /name one scenario/],
    ['no scenario', [], /name one scenario/],
    ['a file that is not there', ['zap', '--design', 'gone.json'], /gone\.json/],
    ['a design that is no JSON', ['zap', '--design', file('bad.json', '{')], /bad\.json/],
  ])('but not %s: one line, status 2', async (_, args, says) => {
    const { status, err } = await runSmall(['explore', ...args])
    expect([status, err[0]]).toEqual([2, expect.stringMatching(says)])
  })
})
