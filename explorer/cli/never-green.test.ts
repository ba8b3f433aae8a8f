import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogue } from './kvm-catalogue.ts'
import { resultSchema } from './report/result-json.ts'
import { builtPrograms, MAIN } from './testing/built-programs.ts'
import { runOn } from './testing/run-small.ts'

/** Models of KVM that once were reported as "1 hold", exit 0, though nothing was judged or no thread could move. */

const { folder, run: runProgram } = builtPrograms()

/** Runs a command line in this process; a program takes longer to start than most of these take to search. */
async function run(args: readonly string[]): Promise<{ readonly status: number; readonly stdout: string }> {
  const { status, out } = await runOn(catalogue, args)
  return { status, stdout: out.join('\n') }
}

/** What `check` needs to write nothing into the working directory. */
const out = (): string[] => ['--out', join(folder(), 'out')]

/** `check` of a design file with one patch in roots-zap-one, with one property asked for. */
function checkWithout(step: string, ...args: string[]) {
  const file = join(folder(), `without-${step.toLowerCase().replace('.', '-')}.json`)
  const id = `without-${step.toLowerCase().replace('.', '-')}`
  const design = { id, title: id, scenarios: ['roots-zap-one'], patches: [{ op: 'drop', name: step }] }
  writeFileSync(file, JSON.stringify(design))
  return run(['check', '--design', file, '--property', 'no-stale-root-used', ...out(), ...args])
}

const lines = (stdout: string): string[] => stdout.trimEnd().split('\n')

describe('a root that is never marked', () => {
  it('leaves no-stale-root-used without anything to judge: vacuous, and 4', async () => {
    const { status, stdout } = await checkWithout('ZAP.8')
    expect(status).toBe(4)
    expect(lines(stdout)).toContain('  no-stale-root-used  vacuous')
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'Its antecedent is true in no reachable state: A vCPU in the guest on an obsolete root has',
    )
    expect(lines(stdout).at(-1)).toBe('mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 vacuous')
  })

  it('is let pass with --allow-vacuous only, which says so', async () => {
    const { status, stdout } = await checkWithout('ZAP.8', '--allow-vacuous', '--quiet')
    expect(status).toBe(0)
    expect(lines(stdout)).toEqual([
      'mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 vacuous (--allow-vacuous)',
    ])
    expect((await checkWithout('ZAP.8', '--allow-incomplete')).status).toBe(4)
  })
})

describe('an mmu_lock that is never dropped', () => {
  it('is a deadlock, with a counterexample and 1, whatever property was asked for', async () => {
    const { status, stdout } = await checkWithout('ZAP.unlock', '--json')
    expect(status).toBe(1)
    const { verdict, checks } = resultSchema.parse(JSON.parse(stdout))
    expect([verdict, checks[0].deadlocks]).toEqual(['violated', 201])
    const [first, ...others] = checks[0].properties
    expect(first).toMatchObject({ id: 'no-stale-root-used', asked: true, verdict: 'holds' })
    expect(others.every((p) => !p.asked)).toBe(true)
    expect(
      others.filter((p) => !['holds', 'not-applicable'].includes(p.verdict)).map((p) => [p.id, p.verdict]),
    ).toEqual([['no-deadlock', 'violated']])
    const file = others.find((p) => p.id === 'no-deadlock')?.counterexample?.file ?? ''
    const design = join(folder(), 'without-zap-unlock.json')
    expect((await run(['replay', file, '--design', design])).status).toBe(0)
  })
})

describe('a witness of the KVM model', () => {
  it('that a design cannot reach is NOT REACHED, and no violation', async () => {
    const cell = ['slot-delete-fault', '--design', 'invalid-phase-dropped']
    const { status, stdout } = await run(['check', ...cell, '--property', 'fault-finds-an-invalid-slot'])
    expect(status).toBe(4)
    expect(lines(stdout)).toContain('  fault-finds-an-invalid-slot  NOT REACHED')
    expect(lines(stdout).at(-1)).toBe('mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 not reached')
  })

  it('that a sample reaches is reached: a sample never says "holds"', async () => {
    const seen = ['--property', 'guest-enters-on-a-root-being-zapped']
    const { stdout } = await run(['check', 'roots-zap-one', '--search', 'random', ...seen])
    expect(stdout).toMatch(/guest-enters-on-a-root-being-zapped {2}reached {7}seen in /)
    expect(stdout).not.toContain('holds')
    expect(lines(stdout).at(-1)).toBe(
      'mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 reached; 1 of 1 searches incomplete',
    )
  })
})

describe('a scenario with too few shadow pages', () => {
  /** `check` of a root that needs another shadow page for each address. */
  function argumentsWith(pages: number, ...args: string[]): string[] {
    const file = join(folder(), `pages-${pages}.json`)
    const scenario = {
      id: `pages-${pages}`,
      title: 'two levels of tables',
      bounds: {
        shadow: { levels: 2, pages },
        guest: { gfns: 3 },
        host: { pfns: 4 },
        notifier: { threads: 1, of: [2] },
      },
      start: { tables: [[1], [2]] },
      properties: ['page-on-one-list'],
    }
    writeFileSync(file, JSON.stringify(scenario))
    return ['check', '--scenario', file, ...out(), ...args]
  }
  const checkWith = (pages: number, ...args: string[]) => run(argumentsWith(pages, ...args))

  it.each([[[]], [['--reduce', 'none', '--workers', '2']], [['--property', 'no-deadlock']]])(
    'is inconclusive, and the bound to raise is named (%j)',
    async (args) => {
      // Several workers are threads of the built program.
      const { status, stdout } = args.includes('--workers')
        ? runProgram(MAIN, argumentsWith(1, ...args))
        : await checkWith(1, ...args)
      expect(stdout).toMatch(/the bound shadow\.pages is too\s+small/)
      expect(stdout).not.toContain('VIOLATED')
      expect(lines(stdout).at(-1)).toMatch(/^mmucheck: 0 violated, 0 hold, \d+ inconclusive/)
      expect(status).toBe(4)
    },
  )

  it('holds with one more', async () => {
    expect((await checkWith(2)).status).toBe(0)
  })

  it('is violated if the same search violates a property', async () => {
    const file = join(folder(), 'lockless.json')
    const patches = [{ op: 'drop', name: 'NS.4 lock' }]
    writeFileSync(file, JSON.stringify({ id: 'lockless', title: 'no lock', scenarios: [], patches }))
    const { status, stdout } = await checkWith(1, '--design', file)
    expect(stdout).toContain('mmu-lock-is-released-only-while-held  VIOLATED')
    expect(stdout).toMatch(/the bound shadow\.pages is too\s+small/)
    expect(status).toBe(1)
  })
})
