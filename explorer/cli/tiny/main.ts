import { fileURLToPath } from 'node:url'
import { start } from '../start.ts'

/** The command line on the small catalogue, as a program for tests. */
await start(fileURLToPath(import.meta.url), new URL('./catalogue.js', import.meta.url))
