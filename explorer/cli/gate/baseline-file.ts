import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ID } from '../../../counterexamples/counterexample-file.ts'
import type { Known } from '../../../counterexamples/known-file.ts'
import type { Judgement } from '../nothing-judged.ts'
import { type CellRun, counterexamplesOf, verdictsOf } from './cell-run.ts'

export const FORMAT = 'mmucheck-baseline/1'

const natural = z.int().min(0)

const property = z.strictObject({
  verdict: z.enum(['holds', 'violated', 'inconclusive', 'vacuous', 'reached', 'not-reached']),
  /** States or steps in which there was something to judge. */
  antecedent: natural,
  /** Steps of the shortest counterexample, those of its loop included; absent when there is none. */
  length: natural.optional(),
  counterexample: z.string().regex(ID).optional(),
})

const cell = z.strictObject({
  states: natural,
  transitions: natural,
  depth: natural,
  deadlocks: natural,
  properties: z.record(z.string(), property),
})

const baseline = z.strictObject({
  format: z.literal(FORMAT),
  /** By `DESIGN in SCENARIO`, in the order of the catalogue. */
  cells: z.record(z.string(), cell),
})

interface Named {
  readonly id: string
}

/** What one full search of a design in a scenario found. */
export type BaselineCell = z.infer<typeof cell>
export type Baseline = z.infer<typeof baseline>

/** The name of a cell in the file. */
export function cellName({ design, scenario }: { design: Named; scenario: Named }): string {
  return `${design.id} in ${scenario.id}`
}

/**
 * The record of a full search; without properties judged by default that have nothing to judge.
 * @param counterexamples of its violations.
 * @throws Error when the search was not complete: half a search is no baseline.
 */
export function recordOf<W>(run: CellRun<W>, counterexamples = counterexamplesOf(run)): BaselineCell {
  const { result } = run
  if (!result.complete) throw new Error(`${cellName(run)} is incomplete: ${result.incompleteReason?.kind}`)
  const { states, transitions, depth, deadlocks } = result
  const properties = verdictsOf(run).flatMap((found) => {
    const { id, verdict, antecedent } = found
    if (verdict === 'not-applicable') return []
    return [[id, { verdict, antecedent, ...lengthAndId(found, counterexamples) }]]
  })
  return { states, transitions, depth, deadlocks, properties: Object.fromEntries(properties) }
}

/** Length and id of the counterexample that `check --reduce none` would report; nothing without one. */
function lengthAndId(
  { id: property, verdict, trace }: Judgement,
  counterexamples: readonly Known[],
): { length?: number; counterexample?: string } {
  if (trace === null) return {}
  const found =
    verdict === 'violated' ? counterexamples.find((each) => each.property === property) : undefined
  return found === undefined
    ? { length: trace.steps.length }
    : { length: found.steps.length, counterexample: found.id }
}

/** The text of a baseline file: one line for each property, so that version control shows what changed. */
export function formatBaseline({ format, cells }: Baseline): string {
  const blocks = Object.entries(cells).map(([name, { properties, ...counts }]) => {
    const head = Object.entries(counts).map(([key, n]) => `${JSON.stringify(key)}: ${n}`)
    const lines = Object.entries(properties).map(([id, p]) => `        ${JSON.stringify(id)}: ${inline(p)}`)
    const body = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n      }`
    return `    ${JSON.stringify(name)}: {\n      ${head.join(', ')},\n      "properties": ${body}\n    }`
  })
  return `{\n  "format": ${JSON.stringify(format)},\n  "cells": {\n${blocks.join(',\n')}\n  }\n}\n`
}

const inline = (value: object): string =>
  `{ ${Object.entries(value)
    .map(([key, v]) => `${JSON.stringify(key)}: ${JSON.stringify(v)}`)
    .join(', ')} }`

/** Reads the text of a baseline file. @throws Error in one line for anything else. */
export function parseBaseline(text: string): Baseline {
  const parsed = baseline.safeParse(JSON.parse(text))
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0]
  throw new Error(`not a baseline file: ${path.join('.')}: ${message}`)
}

/** Reads a baseline file. @throws Error with one line of text if it is missing or damaged. */
export function readBaseline(file: string): Baseline {
  return parseBaseline(readFileSync(file, 'utf8'))
}

/**
 * The cells of a new file: what was found now, else what was recorded.
 * @param names all cells there are, in the order of the catalogue; others are left out.
 */
export function mergedCells(
  names: readonly string[],
  recorded: Baseline['cells'],
  now: Baseline['cells'],
): Baseline['cells'] {
  return Object.fromEntries(
    names.flatMap((name) => {
      const cell: BaselineCell | undefined = now[name] ?? recorded[name]
      return cell === undefined ? [] : [[name, cell]]
    }),
  )
}

/**
 * What differs between two baselines, one line each: `- ` as it was, `+ ` as it is now. Empty when they are
 * equal.
 */
export function differences(before: Baseline, now: Baseline): string[] {
  const names = [...new Set([...Object.keys(before.cells), ...Object.keys(now.cells)])]
  return names.flatMap((name) => {
    const lines = changes(linesOf(before.cells[name]), linesOf(now.cells[name]))
    return lines.length === 0 ? [] : [name, ...lines.map((line) => `  ${line}`)]
  })
}

function linesOf(found: BaselineCell | undefined): string[] {
  if (found === undefined) return []
  const { states, transitions, depth, deadlocks, properties } = found
  const counts = `${states} states, ${transitions} transitions, depth ${depth}, ${deadlocks} deadlocks`
  return [
    counts,
    ...Object.entries(properties).map(([id, { verdict, antecedent, length, counterexample }]) => {
      const trace = length === undefined ? '' : `, ${length} steps`
      const file = counterexample === undefined ? '' : ` (${counterexample})`
      return `${id}: ${verdict}, judged ${antecedent} times${trace}${file}`
    }),
  ]
}

function changes(before: readonly string[], now: readonly string[]): string[] {
  return [
    ...before.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ]
}
