#!/usr/bin/env node
import { fileURLToPath } from 'node:url'

try {
  const { start } = await import('./start.ts')
  // The name of the compiled file: this is the entry of the built program.
  await start(fileURLToPath(import.meta.url), new URL('./kvm-catalogue.js', import.meta.url))
} catch (error) {
  // Status 1 means a violation; a program that does not even load must not end with it.
  console.error('mmucheck: internal error:', error)
  process.exitCode = 70
}
