import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

/**
 * Changes of the model as pull requests bring them, in a scratch repository that is built and run as a checkout is: what
 * the gate says of each.
 */

const root = join(import.meta.dirname, '..', '..')
const ZAP = 'model/machines/zap/zap-page.ts'
const DESIGNS = 'model/designs/roots/obsolete-roots.ts'
/** What the changes are about: upstream, the two designs that are like them. */
const CELLS = [
  'upstream in roots-zap-one',
  'upstream in slot-delete-previous-root',
  'request-before-invalid in roots-zap-one',
  'commit-without-flush in roots-zap-one',
].flatMap((cell) => ['--only', cell])
/** Milliseconds for a build and a gate. */
const LONG_ENOUGH = 600_000

let repository: string
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', repository, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    encoding: 'utf8',
  })

beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), 'mmucheck-pull-request-'))
  const files = execFileSync('git', ['-C', root, 'ls-files', '-z'], { encoding: 'utf8' })
  for (const file of files.split('\0').filter((name) => name !== '')) {
    mkdirSync(dirname(join(repository, file)), { recursive: true })
    cpSync(join(root, file), join(repository, file))
  }
  symlinkSync(join(root, 'node_modules'), join(repository, 'node_modules'))
  git('init', '-q')
  git('add', '-A')
  git('commit', '-q', '-m', 'base')
}, LONG_ENOUGH)
afterAll(() => rmSync(repository, { recursive: true, force: true }))
beforeEach(() => git('checkout', '-q', '--', 'model', 'properties'))

/** Changes a file. @throws Error if it does not contain the text. */
function edit(path: string, before: string, after: string): void {
  const file = join(repository, path)
  const text = readFileSync(file, 'utf8')
  if (!text.includes(before)) throw new Error(`${path} does not contain ${before}`)
  writeFileSync(file, text.replaceAll(before, after))
}

/** Adds a design of roots-zap-one. @param patch and what it expects, as TypeScript. */
function addDesign(id: string, patch: string, expected: string): void {
  const list = 'export const obsoleteRootDesigns: readonly Design<Kvm>[] = ['
  const design = `{
    id: '${id}', aliases: [], title: 'a change whose author is mistaken', status: 'control',
    kernel: { version: 'never merged', function: '__kvm_mmu_prepare_zap_page' },
    about: 'What it expects is wrong.', scenarios: ['roots-zap-one'],
    patches: [${patch}], expect: ${expected},
  },`
  edit(DESIGNS, list, list + design)
}

interface Ran {
  readonly status: number | null
  readonly out: string
}

function gate(...args: string[]): Promise<Ran> {
  const command = [join(repository, 'explorer/cli/mmucheck.cjs'), 'gate', '--no-cache', ...CELLS, ...args]
  const child = spawn(process.execPath, command, { cwd: repository, env: { ...process.env, CI: 'true' } })
  let out = ''
  child.stdout.on('data', (text) => {
    out += String(text)
  })
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, out }))
  })
}

describe('a pull request', { timeout: LONG_ENOUGH }, () => {
  it('that changes nothing passes', async () => {
    const { status, out } = await gate()
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/^mmucheck: gate passes: \d+ cells as recorded\n$/),
    ])
  })

  it('that swaps ZAP.8 and ZAP.9 fails, with the race', async () => {
    const mark = '    markInvalid(zapping),\n'
    const request =
      '    requestIfRootWasZapped(bounds.vcpus, (kvm, self) => thread(kvm, self).zapped_root, zapping.sp, req),\n'
    edit(ZAP, mark + request, request + mark)
    const { status, out } = await gate()
    expect(status).toBe(1)
    expect(out).toMatch(/^INTRODUCED: /)
    expect(out).toContain('no-stale-root-used: upstream in roots-zap-one')
    // The diagram shows the request before the mark.
    const [, diagram] = out.split('\nVIOLATED ')
    expect(diagram).toMatch(/requests \|= FREE_OBSOLETE_ROOTS[\s\S]*sp->role\.invalid = 1/)
    expect(diagram).toMatch(/Reproduce: mmucheck check roots-zap-one/)
    expect(out).toMatch(/mmucheck: gate fails: \d+ introduced/)
  })

  it('that drops the remote flush before free fails, and names the design that no longer fits', async () => {
    const flush = "makeAllCpusRequest('CM.2', 'TLB_FLUSH', vcpus, locals)"
    edit(ZAP, `      ${flush},`, `      ...when(vcpus < 1, ${flush}),`)
    const { status, out } = await gate()
    expect(status).toBe(1)
    expect(out).toContain('no-tlb-entry-of-a-freed-root: upstream in ')
    expect(out).toMatch(/MODEL ERROR[\s\S]*commit-without-flush[\s\S]*no program has a step "CM\.2"/)
    expect(out).toMatch(/kvm_mmu_free_shadow_page\(/)
  })

  it('that only renames a step passes, and says which counterexamples have other names', async () => {
    edit(ZAP, "'CM.end'", "'CM.return'")
    const { status, out } = await gate()
    expect(status).toBe(0)
    expect(out).toMatch(/^changed: same verdicts/)
    expect(out).toContain('another counterexample of ')
    expect(out).toContain('request-before-invalid in roots-zap-one')
    expect(out).not.toMatch(/states,.*\n.*now:/)
    expect(out).toMatch(/mmucheck: gate passes: \d+ changed; \d+ of \d+ cells as recorded\n$/)
  })

  it('that adds a design which expects a violation that is not there fails', async () => {
    addDesign('feared', "drop('K1')", "violated('roots-zap-one', 'no-stale-root-used')")
    const { status, out } = await gate('--only', 'feared in')
    expect(status).toBe(3)
    expect(out).toMatch(
      /^NOT CAUGHT: .*\n {2}feared in roots-zap-one: no-stale-root-used\n {4}now: holds, judged /,
    )
    expect(out).toMatch(/mmucheck: gate fails: 1 not caught, 1 new; /)
  })

  it('that adds a design which does not expect its violation fails, with the race', async () => {
    addDesign('trusted', "move('ZAP.9', { before: 'ZAP.8' })", '[]')
    const { status, out } = await gate('--only', 'trusted in')
    expect(status).toBe(1)
    expect(out).toMatch(/^INTRODUCED: /)
    expect(out).toContain('no-stale-root-used: trusted in roots-zap-one')
    expect(out).toMatch(/\nVIOLATED [\s\S]*Reproduce: mmucheck check roots-zap-one/)
    // request-before-invalid is the same change, and is still caught.
    expect(out).not.toContain('NOT CAUGHT')
  })
})
