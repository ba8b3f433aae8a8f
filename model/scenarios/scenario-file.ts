import { z } from 'zod'
import { type ScenarioBounds, scenarioBounds } from '../features/index.ts'
import { ModelError } from '../language/errors.ts'
import { quoted } from '../language/quoted.ts'
import { mergeBounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { choice, count, id, list } from '../memory/option-kinds.ts'
import { boundsOf, type Plan, scenarioOutside } from './build-scenario.ts'
import type { Scenario } from './scenario.ts'
import { numbersOutOfRange } from './scenario-numbers.ts'

const LONGEST_ID = 64
const LONGEST_NAME = 200
const LONGEST_ABOUT = 4000
const MOST_PROPERTIES = 256

const text = (most: number) => z.string().max(most, `must have at most ${most} characters`)
const name = text(LONGEST_NAME).min(1, 'must not be empty')

const readOnly = z.literal(true).describe('The guest may not write through the entry.')

const entry = z
  .union(
    [
      id,
      z.null(),
      z.strictObject({
        huge: id.describe('The first frame of a huge page.'),
        readOnly: readOnly.exactOptional(),
      }),
      z.strictObject({ to: id.describe('The frame that the entry points at.'), readOnly }),
    ],
    { error: 'must be a gfn, null, {"huge": gfn, "readOnly"?: true} or {"to": gfn, "readOnly": true}' },
  )
  .describe(
    'An entry of a guest table: the gfn that it points to, writable unless readOnly is set; null: not present.',
  )

/** The initial state of a scenario: `Start` as JSON. */
const start = z.strictObject({
  tables: list(list(entry).min(1, 'must have at least one entry')).describe(
    'Contents of the guest tables at gfns 0, 1, ...; none if KVM walks no guest tables (tdp.on).',
  ),
  pages: list(
    z.strictObject({
      gfn: id.describe('The table frame.'),
      level: z.int().min(1).max(4).describe('1: its entries map pages.'),
    }),
  )
    .exactOptional()
    .describe('Shadow pages 0, 1, ...: the guest table that each shadows, and its level. Default: none.'),
  oldestFirst: list(id)
    .exactOptional()
    .describe('The same pages from the oldest to the newest. Default: in their order.'),
  filled: choice
    .exactOptional()
    .describe(
      'Make every SPTE of those pages present whose target exists. Default: the guest must fault them in.',
    ),
  cr3: list(id).exactOptional().describe('The page directory of each vCPU. Default: 0.'),
  cr3Loads: list(count).exactOptional().describe('CR3 loads left to each vCPU, if they differ.'),
  previous: id.exactOptional().describe('The page directory whose root is the previous root of each vCPU.'),
})

/** A scenario as a JSON file. It contains no code, so an untrusted file can be checked. */
export const scenarioFile = z
  .strictObject({
    $schema: z.string().exactOptional().describe('The location of this schema, for editors.'),
    id: text(LONGEST_ID)
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'must consist of lower-case letters, digits and dashes')
      .describe('A name that no other scenario has.'),
    title: name.describe('The scenario in one line: what runs against what.'),
    about: text(LONGEST_ABOUT).default('').describe('What the scenario exercises, and what it leaves out.'),
    bounds: scenarioBounds
      .prefault({})
      .describe('The sizes of the system, by subsystem; what is left out is off.'),
    start: start.describe('The initial state of the scenario.'),
    properties: z
      .array(name)
      .min(1, 'must be at least one')
      .max(MOST_PROPERTIES, `must be at most ${MOST_PROPERTIES}`)
      .describe(
        'Ids of the properties to check, besides those that the contents of the scenario call for; deadlocks and oopses are always checked.',
      ),
    leavesOut: z
      .record(name, name)
      .exactOptional()
      .describe('Ids of properties that are not checked although the contents call for them, and why.'),
  })
  .meta({ title: 'A scenario of mmucheck', description: 'What `mmucheck check --scenario FILE` takes.' })

/** The JSON Schema of scenario files. */
export const scenarioFileSchema = (): object => z.toJSONSchema(scenarioFile, { io: 'input' })

/**
 * Builds the scenario that a file describes. Property ids are not looked up.
 * @throws ZodError for contents of another shape, ModelError for contradictory ones.
 */
export function scenarioFrom(data: unknown): Scenario<Kvm> {
  const given = scenarioFile.parse(data)
  const { title, about, properties, leavesOut = {} } = given
  // The bounds as given, without the defaults of the schema: what is left out stays off.
  const own = ((data as { bounds?: unknown }).bounds ?? {}) as ScenarioBounds
  const { tables } = given.start
  const sized = { tables: tables.length, entries: tables[0]?.length ?? own.guest?.entries ?? 1 }
  for (const [what, size] of Object.entries(sized)) {
    const said = own.guest?.[what as keyof typeof sized]
    if (said !== undefined && said !== size)
      throw new ModelError(`bounds.guest.${what} is ${said}, but start.tables has ${size}; leave it out`)
  }
  const plan: Plan = {
    id: given.id,
    title: quoted(title),
    about: quoted(about, LONGEST_ABOUT),
    bounds: mergeBounds<ScenarioBounds>(own, { guest: sized }),
    start: given.start,
    properties: [...new Set(properties)],
    leavesOut: Object.fromEntries(Object.entries(leavesOut).map(([id, why]) => [id, quoted(why)])),
  }
  const wrong = numbersOutOfRange(boundsOf(plan), plan.start)
  if (wrong !== null) throw new ModelError(wrong)
  const made = scenarioOutside(plan)
  try {
    made.build()
  } catch (error) {
    // Any error while the initial state is set up is an error of the file.
    throw new ModelError(`the start cannot be set up within the bounds: ${(error as Error).message}`)
  }
  return made
}
