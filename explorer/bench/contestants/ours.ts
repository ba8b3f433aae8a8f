import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { programFile } from '../../program-file.ts'
import { searchModes } from '../search-modes.ts'
import type { Contestant, Prepared } from './contestant.ts'

/** What the search program prints. */
export const searchReport = z.object({
  verdict: z.literal('holds'),
  states: z.number().int(),
  transitions: z.number().int(),
  depth: z.number().int(),
  seconds: z.number(),
  bytesPerState: z.number(),
})

const program = fileURLToPath(programFile('search'))

export const ours: readonly Contestant[] = searchModes.map(
  ({ id, title, symmetry, workers }): Contestant => ({
    id,
    tool: 'ours',
    title: `mmucheck, ${title}`,
    flags: `node, ${workers === 1 ? 'one thread' : `${workers} worker threads`}, breadth-first, every behaviour recorded, parents kept for traces`,
    orbits: symmetry,
    prepare: (instance): Prepared => ({
      command: { program: process.execPath, args: [program, instance.id, id] },
      counts: (output) => searchReport.parse(JSON.parse(output)),
    }),
  }),
)
