#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { start } from './start.ts'

// The name of the compiled file: this is the entry of the built program.
await start(fileURLToPath(import.meta.url), new URL('./kvm-catalogue.js', import.meta.url))
