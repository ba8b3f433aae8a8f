import { fileURLToPath } from 'node:url'
import { programFile } from '../../program-file.ts'
import { start } from '../start.ts'

/** The command line on the small catalogue, as a program for tests. */
await start(fileURLToPath(programFile('tiny')), programFile('tiny-catalogue'))
