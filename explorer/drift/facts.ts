import { z } from 'zod'
import type { Citations } from './cited.ts'
import type { Definitions } from './definitions.ts'

const LONGEST = 300

/** Where a function stood when it was read, and a hash of its body. */
const fact = z.strictObject({
  file: z.string().max(LONGEST),
  line: z.number().int().min(1),
  hash: z.string().regex(/^[0-9a-f]{16}$/),
})

export type Fact = z.infer<typeof fact>

/** A function that the version does not have: why the model cites it nevertheless. Empty until it is written. */
const absent = z.strictObject({ absent: z.string().max(LONGEST) })

/** What is known of the cited functions of one version. Contains nothing of their text. */
export const factsSchema = z.strictObject({
  /** `7.2` */
  version: z.string().regex(/^\d+(\.\d+)*$/),
  /** The release that was read, `7.2.13`. */
  release: z.string().max(LONGEST),
  functions: z.record(z.string().max(LONGEST), z.union([z.array(fact).min(1), absent])),
})

export type Facts = z.infer<typeof factsSchema>

/** The facts of a tree. What the table says of absent functions is kept. */
export function factsOf(known: Facts, { functions }: Citations, definitions: Definitions): Facts {
  const entries = [...functions].sort().map((name): [string, Facts['functions'][string]] => {
    const bodies = definitions.of(name)
    const before = known.functions[name]
    if (bodies.length === 0)
      return [name, before !== undefined && 'absent' in before ? before : { absent: '' }]
    return [name, bodies.map(({ file, line, hash }) => ({ file, line, hash }))]
  })
  return { ...known, functions: Object.fromEntries(entries) }
}

/** How many functions of a table a tree has unchanged. */
export const matching = ({ functions }: Facts, definitions: Definitions): number =>
  Object.entries(functions).filter(
    ([name, known]) => !('absent' in known) && isUnchanged(known, definitions.of(name)),
  ).length

/** Whether bodies are those of the table. */
export const isUnchanged = (known: readonly Fact[], bodies: readonly Pick<Fact, 'hash'>[]): boolean =>
  known.length === bodies.length && known.every(({ hash }, n) => hash === bodies[n].hash)
