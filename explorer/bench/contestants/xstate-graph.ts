import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { programFile } from '../../program-file.ts'
import type { Contestant } from './contestant.ts'

/** What the graph program prints. */
export const graphReport = z.object({ states: z.number().int(), transitions: z.number().int() })

const program = fileURLToPath(programFile('graph'))

export const xstateGraph: readonly Contestant[] = [
  {
    id: 'xstate-graph',
    tool: 'xstate-graph',
    title: 'xstate/graph getAdjacencyMap',
    flags: 'node, the same reference machine, events filtered with snapshot.can(), default serialisation',
    orbits: false,
    prepare: ({ id }) => ({
      command: { program: process.execPath, args: [program, id] },
      counts: (output) => graphReport.parse(JSON.parse(output)),
    }),
  },
]
