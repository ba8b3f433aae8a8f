import { programFile } from '../program-file.ts'
import { startReplay } from './start-replay.ts'

/** The fresh process in which `check` confirms counterexamples. */
await startReplay(programFile('kvm-catalogue'))
