import { z } from 'zod'
import type { Design, Expectation } from '../../model/designs/design.ts'
import { copy, drop, move, only, type Patch, type Place } from '../../model/language/patch.ts'
import { quoted } from '../../model/language/quoted.ts'
import { UsageError } from './errors.ts'
import { unknownName } from './nearest.ts'
import { firstIssue } from './options.ts'

/** Limits of a design file: far more than a design needs. */
const MOST_PATCHES = 256
const MOST_SCENARIOS = 1000
const MOST_KERNELS = 100
const MOST_EXPECTED = 1000
const LONGEST_ID = 64
const LONGEST_NAME = 200
export const LONGEST_ABOUT = 4000

const text = (most: number) => z.string().max(most, `must have at most ${most} characters`)
const name = text(LONGEST_NAME).min(1, 'must not be empty')
const step = name.describe('The step or block: its name, or its path.')
const kind = {
  in: name.optional().describe('The kind of thread, where the name exists in several; default: all of them.'),
}
const before = { before: name.describe('The step that follows it then.') }
const after = { after: name.describe('The step that comes before it then.') }
const moved = {
  op: z.literal('move').describe('Moves a step or block.'),
  name: step,
  ...kind,
  jumps: z
    .enum(['follow', 'stay'])
    .optional()
    .describe('Whether jumps to it follow it or stay where they led; needed where other steps jump to it.'),
}
const inserted = {
  op: z.literal('insert').describe('A step that exists happens once more, in the same program.'),
  name: name.describe('The step that exists: its name, or its path.'),
  as: name.optional().describe('The name of the copy; needed where the step stands beside it.'),
  ...kind,
}

const patch = z.union(
  [
    z.strictObject({ op: z.literal('drop').describe('Drops a step or block.'), name: step, ...kind }),
    z.strictObject({ ...moved, ...before }),
    z.strictObject({ ...moved, ...after }),
    z.strictObject({ ...inserted, ...before }),
    z.strictObject({ ...inserted, ...after }),
    z.strictObject({
      op: z.literal('replace').describe('Gives a step the code that it has in a design of the catalogue.'),
      name: step,
      by: name.describe('The design, by id or alias, which replaces that step.'),
      ...kind,
    }),
  ],
  {
    error:
      'must be {"op":"drop","name"}, {"op":"move","name","before" or "after","jumps"?: "follow" or "stay"}, ' +
      '{"op":"insert","name","before" or "after","as"?} or {"op":"replace","name","by"}, each with "in"?',
  },
)

const expectation = z.strictObject({
  scenario: name.describe('The scenario, by id.'),
  property: name.describe('The property, by id.'),
  verdict: z
    .enum(['holds', 'violated', 'reached', 'vacuous', 'not-reached'])
    .describe('What a check must find; a property that is not listed must hold or be reached.'),
  length: z.int().nonnegative().optional().describe('Steps of a shortest counterexample.'),
  note: text(LONGEST_ABOUT).optional().describe('Why that is right; needed for vacuous and not-reached.'),
})

/** A design as a file. It is data, nothing in it is run, so that a file from anywhere can be checked. */
export const designFile = z
  .strictObject({
    $schema: z.string().exactOptional().describe('Where this schema is, for editors.'),
    id: text(LONGEST_ID)
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'must consist of lower-case letters, digits and dashes')
      .describe('A name that no known design has.'),
    title: name.describe('The change in one line.'),
    about: text(LONGEST_ABOUT).default('').describe('The design question, and what is known of the answer.'),
    scenarios: z
      .array(name)
      .max(MOST_SCENARIOS, `must be at most ${MOST_SCENARIOS}`)
      .default([])
      .describe('Scenarios to check it in; default: all that have the steps.'),
    kernels: z
      .array(name)
      .max(MOST_KERNELS, `must be at most ${MOST_KERNELS}`)
      .exactOptional()
      .describe('Kernels on which the design sits, `6.1`; default: all.'),
    patches: z
      .array(patch)
      .min(1, 'must be at least one')
      .max(MOST_PATCHES, `must be at most ${MOST_PATCHES}`)
      .describe('Changes of named steps, applied in this order.'),
    expect: z
      .array(expectation)
      .max(MOST_EXPECTED, `must be at most ${MOST_EXPECTED}`)
      .exactOptional()
      .describe('What a check must find. `mmucheck gate --design FILE` ends with 0 if it does.'),
  })
  .meta({ title: 'A design of mmucheck', description: 'What `mmucheck check --design FILE` takes.' })

/** The contents of a design file. */
export type DesignData = z.infer<typeof designFile>
type PatchData = DesignData['patches'][number]

/** What a design that is code has in common with one that is data: everything but patches and additions. */
export const designHead = z.looseObject({
  ...designFile.omit({ $schema: true, patches: true }).shape,
  kernel: z
    .strictObject({ commit: name.optional(), version: name, function: name })
    .optional()
    .describe('Where it comes from.'),
})

/** @throws UsageError for what is not the contents of a design file. */
export function designDataOf(json: unknown, where: string): DesignData {
  const parsed = designFile.safeParse(json)
  if (parsed.success) return parsed.data
  if (typeof json === 'object' && json !== null) {
    const { steps, format } = json as { readonly steps?: unknown; readonly format?: unknown }
    if (format !== undefined && Array.isArray(steps))
      throw new UsageError(`${where}: it is a counterexample, not a design: mmucheck show ${where}`)
  }
  throw new UsageError(`${where}: ${firstIssue(parsed.error)}`)
}

/**
 * The patches that the data describe.
 * @param designs those of the catalogue, whose code `replace` takes.
 * @throws UsageError for a design that does not exist, or that does not replace the step.
 */
export function patchesOf<W>(
  { patches }: Pick<DesignData, 'patches'>,
  designs: readonly Design<W>[],
  where: string,
): Patch<W>[] {
  return patches.map((data, index) => {
    const made = patchOf(data, designs, `${where}: patch ${index + 1}`)
    return data.in === undefined ? made : only(data.in, made)
  })
}

const placeOf = (data: Place): Place => ('before' in data ? { before: data.before } : { after: data.after })

function patchOf<W>(data: PatchData, designs: readonly Design<W>[], where: string): Patch<W> {
  switch (data.op) {
    case 'drop':
      return drop(data.name)
    case 'move':
      return move(data.name, placeOf(data), data.jumps)
    case 'insert':
      return copy(data.name, placeOf(data), data.as)
    case 'replace':
      return variantOf(data, designs, where)
  }
}

/** The code that a step has in a design of the catalogue. */
function variantOf<W>(
  { name: step, by }: PatchData & { readonly op: 'replace' },
  designs: readonly Design<W>[],
  where: string,
): Patch<W> {
  const own = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
  const variants = designs.flatMap((design) => {
    if (design.adds !== undefined) return []
    const found = design.patches.find((p) => p.op === 'replace' && own(p.name) === own(step))
    return found === undefined ? [] : [{ design, patch: found }]
  })
  const ids = variants.map(({ design }) => design.id)
  const wanted = by.toLowerCase()
  const found = variants.find(({ design: { id, aliases } }) =>
    [id, ...aliases].some((each) => each.toLowerCase() === wanted),
  )
  if (found !== undefined) {
    const { in: _, ...made } = found.patch
    return { ...made, name: step } as Patch<W>
  }
  const isKnown = designs.some(({ id, aliases }) =>
    [id, ...aliases].some((each) => each.toLowerCase() === wanted),
  )
  if (!isKnown)
    throw new UsageError(
      `${where}: ${unknownName(
        'design',
        by,
        designs.map(({ id }) => id),
      )}`,
    )
  const others =
    ids.length === 0 ? 'no design has another code for it that stands alone' : `these have: ${ids.join(', ')}`
  throw new UsageError(
    `${where}: design ${quoted(by)} does not replace ${quoted(step)} by code that stands alone; ${others}`,
  )
}

/** The expectations, of which two kinds need a reason. @throws UsageError without it. */
export function expectationsOf(
  expected: DesignData['expect'],
  known: { readonly scenarios: readonly string[]; readonly properties: readonly string[] },
  where: string,
): readonly Expectation[] {
  return (expected ?? []).map(({ scenario, property, verdict, length, note }, index) => {
    const at = `${where}: expect ${index + 1}`
    if (!known.scenarios.includes(scenario))
      throw new UsageError(`${at}: ${unknownName('scenario', scenario, known.scenarios)}`)
    if (!known.properties.includes(property))
      throw new UsageError(`${at}: ${unknownName('property', property, known.properties)}`)
    if (verdict === 'vacuous' || verdict === 'not-reached') {
      if (note === undefined) throw new UsageError(`${at}: verdict ${verdict} needs a note that says why`)
      return { scenario, property, verdict, note: quoted(note, LONGEST_ABOUT) }
    }
    return {
      scenario,
      property,
      verdict,
      ...(length === undefined ? {} : { length }),
      ...(note === undefined ? {} : { note: quoted(note, LONGEST_ABOUT) }),
    }
  })
}
