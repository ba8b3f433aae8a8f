import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { SearchMode } from '../search-modes.ts'
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

const program = fileURLToPath(new URL('../search-main.js', import.meta.url))

function contestant(mode: SearchMode, title: string): Contestant {
  return {
    id: mode,
    tool: 'ours',
    title,
    flags: 'node, one thread, breadth-first, every behaviour recorded, parents kept for traces',
    orbits: mode.endsWith('-symmetry'),
    prepare: ({ id }): Prepared => ({
      command: { program: process.execPath, args: [program, id, mode] },
      counts: (output) => searchReport.parse(JSON.parse(output)),
    }),
  }
}

export const ours: readonly Contestant[] = [
  contestant('fingerprint', 'mmucheck, fingerprints'),
  contestant('exact', 'mmucheck, exact'),
  contestant('fingerprint-symmetry', 'mmucheck, fingerprints, symmetry'),
  contestant('exact-symmetry', 'mmucheck, exact, symmetry'),
]
