import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  counterexampleShape,
  FORMAT,
  parseCounterexample,
} from '../../counterexamples/counterexample-file.ts'
import { scenarioFileSchema } from '../../model/scenarios/scenario-file.ts'
import { hasCheckpoint, readManifest } from '../checkpoint/manifest.ts'
import { refusedIn } from '../checkpoint/search-checkpoint.ts'
import { REDUCE } from '../reduce/index.ts'
import { designDataOf, designFile } from './design-file.ts'
import { diffSchema } from './diff/diff-json.ts'
import { EXIT } from './exit-status.ts'
import { FINDINGS } from './gate/compare.ts'
import { gateShape } from './gate/gate-json.ts'
import { catalogue } from './kvm-catalogue.ts'
import { mutationSchema } from './report/mutation-report.ts'
import { resultSchema } from './report/result-json.ts'
import { traceSchema } from './trace/trace-json.ts'
import { designIn, designOf } from './user-design.ts'
import { scenarioOf } from './user-scenario.ts'

/** docs/formats/: the examples are what the program reads and writes, and no field is left undescribed. */

const folder = join(import.meta.dirname, '..', '..', 'docs', 'formats')
const text = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8')
const example = (name: string): string => text('examples', `${name}.json`)

/** The first JSON block of a document. */
function block(document: string): unknown {
  const found = /```json\n([\s\S]*?)```/.exec(text(document))
  if (found === null) throw new Error(`${document} has no JSON block`)
  return JSON.parse(found[1])
}

const scratch = mkdtempSync(join(tmpdir(), 'mmucheck-formats-'))
afterAll(() => rmSync(scratch, { recursive: true }))

describe('the example of a', () => {
  it('result is one', () => {
    const result = resultSchema.parse(JSON.parse(example('result')))
    expect(result.verdict).toBe('violated')
    expect(result.checks[0].properties.some(({ counterexample }) => counterexample !== null)).toBe(true)
  })

  it('counterexample is one, and the one that the result names', () => {
    const ce = parseCounterexample(example('counterexample'), 'the example')
    const { checks } = resultSchema.parse(JSON.parse(example('result')))
    const named = checks[0].properties.flatMap(({ counterexample }) => counterexample ?? [])
    expect(named).toMatchObject([{ id: ce.id, length: ce.steps.length, loopStart: ce.loopStart }])
    expect(ce).toMatchObject({ scenario: checks[0].scenario, design: checks[0].design })
  })

  it('design is one, and the one that the counterexample carries', () => {
    const data = designDataOf(block('design.md'), 'the example')
    expect(designOf(catalogue, data, 'request-first.json').patches).toHaveLength(1)
    expect(parseCounterexample(example('counterexample'), 'the example').designFile).toEqual(data)
  })

  it('scenario is one, in which the example of a design fits', () => {
    const scenario = scenarioOf(catalogue, block('scenario.md'), 'the example')
    expect(scenario.properties).toEqual(['no-stale-root-used'])
    expect(
      designIn(catalogue, designDataOf(block('design.md'), 'the example'), scenario, 'here').scenarios,
    ).toEqual([scenario.id])
  })

  it("checkpoint is the manifest of a breadth-first search's", () => {
    writeFileSync(join(scratch, 'checkpoint.json'), example('checkpoint'))
    expect(hasCheckpoint(scratch)).toBe(true)
    const { generation, sections } = readManifest(scratch)
    mkdirSync(join(scratch, generation))
    for (const [name, { bytes }] of Object.entries(sections))
      writeFileSync(join(scratch, generation, name), new Uint8Array(bytes))
    expect(Object.keys(sections)).toContain('recordings')
    expect(refusedIn(scratch)).toEqual([])
  })
})

/** Names of all members in a JSON Schema. */
function membersOf(schema: unknown): Set<string> {
  const found = new Set<string>()
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) visit(each)
    else if (node !== null && typeof node === 'object') {
      for (const [key, value] of Object.entries(node)) {
        if (key !== 'properties') visit(value)
        else for (const [name, member] of Object.entries(value)) visitMember(name, member)
      }
    }
  }
  const visitMember = (name: string, member: unknown): void => {
    found.add(name)
    // What is in there is another format's.
    if (name !== 'contents') visit(member)
  }
  visit(schema)
  return found
}

/** The words in backticks of a document. */
const described = (document: string): Set<string> =>
  new Set(
    [...text(document).matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => [code, ...code.split(/[."{: ]+/)]),
  )

const missingIn = (document: string, members: Iterable<string>): string[] => {
  const words = described(document)
  return [...members].filter((member) => !words.has(member))
}

describe('every field is described of a', () => {
  it('result', () => {
    const all = membersOf(z.toJSONSchema(resultSchema))
    expect(all.size).toBeGreaterThan(50)
    expect(missingIn('result.md', all)).toEqual([])
    for (const reduce of REDUCE) expect(described('result.md')).toContain(reduce)
  })

  it('mutation, with every outcome', () => {
    const all = membersOf(z.toJSONSchema(mutationSchema))
    expect(all.size).toBeGreaterThan(15)
    expect(missingIn('mutation.md', all)).toEqual([])
    for (const kind of ['noticed', 'model-fails', 'survives', 'equivalent', 'never-taken', 'not-decided'])
      expect(described('mutation.md')).toContain(kind)
  })

  it('comparison, with every change', () => {
    const all = membersOf(z.toJSONSchema(diffSchema))
    expect(all.size).toBeGreaterThan(30)
    expect(missingIn('diff.md', all)).toEqual([])
    for (const change of ['introduced', 'removed', 'coverage', 'open', 'other', 'same'])
      expect(described('diff.md')).toContain(change)
  })

  it('gate, with every kind of finding', () => {
    const all = membersOf(z.toJSONSchema(gateShape))
    expect(all.size).toBeGreaterThan(30)
    expect(missingIn('gate.md', all)).toEqual([])
    for (const kind of Object.keys(FINDINGS)) expect(described('gate.md')).toContain(kind)
  })

  it('trace', () => {
    const all = membersOf(z.toJSONSchema(traceSchema))
    expect(all.size).toBeGreaterThan(20)
    expect(missingIn('trace.md', all)).toEqual([])
  })

  it('counterexample', () => {
    const all = membersOf(z.toJSONSchema(counterexampleShape))
    expect(all.size).toBeGreaterThan(15)
    expect(missingIn('counterexample.md', all)).toEqual([])
    expect(text('counterexample.md')).toContain(FORMAT)
  })

  it('design', () => {
    const all = membersOf(z.toJSONSchema(designFile, { io: 'input' }))
    expect(all.size).toBeGreaterThan(8)
    expect(missingIn('design.md', all)).toEqual([])
  })

  it('scenario; the schema describes the bounds', () => {
    const { properties } = scenarioFileSchema() as { properties: Record<string, { properties?: object }> }
    expect(missingIn('scenario.md', Object.keys(properties))).toEqual([])
    expect(missingIn('scenario.md', Object.keys(properties.start.properties ?? {}))).toEqual([])
    expect(Object.keys(properties.start.properties ?? {}).length).toBeGreaterThan(4)
  })

  it('checkpoint', () => {
    const manifest = JSON.parse(example('checkpoint'))
    const { sections, meta } = manifest.body
    const names = [
      manifest,
      manifest.body,
      sections,
      meta,
      meta.configuration,
      meta.search,
      meta.search.position,
    ]
    expect(
      missingIn(
        'checkpoint.md',
        names.flatMap((each) => Object.keys(each)),
      ),
    ).toEqual([])
    expect(text('checkpoint.md')).toContain(manifest.schema)
  })
})

describe('docs/adr/0005-exit-status.md', () => {
  it('has every exit status in its table', () => {
    const table = readFileSync(join(folder, '..', 'adr', '0005-exit-status.md'), 'utf8')
    const rows = table.split('\n').filter((line) => /^\| \d/.test(line))
    const listed = rows.flatMap((row) => row.split('|')[1].split(',').map(Number))
    expect(listed.sort((a, b) => a - b)).toEqual(Object.values(EXIT).sort((a, b) => a - b))
  })
})
