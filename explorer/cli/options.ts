import { z } from 'zod'
import { quoted } from '../../model/language/quoted.ts'
import { REDUCE } from '../reduce/index.ts'
import { UsageError } from './errors.ts'

/** Schemas of the options, which arrive from the command line as text. */

const LARGEST = Number.MAX_SAFE_INTEGER

/** A whole number of at least 1. */
export const count = (most = LARGEST) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number of at least 1')
    .transform(Number)
    .pipe(z.number().min(1, 'must be a whole number of at least 1').max(most, `must be at most ${most}`))

/** A number above 0, decimals allowed. */
export const seconds = z
  .string()
  .regex(/^\d+(\.\d+)?$/, 'must be a number of seconds above 0')
  .transform(Number)
  .pipe(z.number().positive('must be a number of seconds above 0').max(LARGEST, 'is too large'))

/** A whole number, 0 included. */
const natural = (most: number) => {
  const error = `must be a whole number from 0 to ${most}`
  return z.string().regex(/^\d+$/, error).transform(Number).pipe(z.number().max(most, error))
}

const folder = z.string().min(1, 'must name a folder')

/** Options of every command that searches; `settingsOf` has the defaults. */
export const searchOptions = z.object({
  search: z.enum(['bfs', 'random', 'priorities', 'preemptions']).default('bfs'),
  reduce: z.enum(REDUCE).optional(),
  selfCheck: z.literal(true).optional(),
  storage: z.enum(['exact', 'fingerprint']).optional(),
  fingerprintBits: z
    .enum(['64', '96', '128'])
    .transform((bits) => Number(bits) as 64 | 96 | 128)
    .optional(),
  workers: count(256).optional(),
  maxStates: count().optional(),
  maxDepth: count().optional(),
  timeLimit: seconds.optional(),
  memoryLimit: count().optional(),
  seed: natural(0xffffffff).optional(),
  walks: count().optional(),
  bugDepth: count(100).optional(),
  preemptions: natural(1000).optional(),
  checkpoint: folder.optional(),
  checkpointEvery: seconds.optional(),
  resume: folder.optional(),
})

export type SearchFlags = z.infer<typeof searchOptions>

/** `maxStates` is `--max-states` on the command line. */
export const flagOf = (key: string): string => `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`

/**
 * Reads the options of a command.
 * @throws UsageError naming the option and its allowed values.
 */
export function readOptions<T extends z.ZodType>(schema: T, raw: unknown): z.output<T> {
  const parsed = schema.safeParse(raw)
  if (parsed.success) return parsed.data
  const { path, message, input } = issueOf(parsed.error, raw)
  throw new UsageError(
    `${flagOf(String(path[0]))}: ${message}${input === undefined ? '' : `, not "${quoted(input)}"`}`,
  )
}

function issueOf(error: z.ZodError, raw: unknown): { path: PropertyKey[]; message: string; input?: string } {
  const [{ path, message, code, ...issue }] = error.issues
  const input = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], raw)
  const text =
    code === 'invalid_value' && 'values' in issue ? allowedValues(issue.values as unknown[]) : message
  return input === undefined ? { path, message: text } : { path, message: text, input: String(input) }
}

const allowedValues = (values: readonly unknown[]): string =>
  values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`

/** The first thing that is wrong with a file, in one line: where and what. */
export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues
  const where = issue.path.map((p) => (typeof p === 'number' ? `[${p}]` : `.${String(p)}`)).join('')
  return quoted(where === '' ? issue.message : `${where.replace(/^\./, '')}: ${issue.message}`)
}
