#!/usr/bin/env node
// The command `mmucheck`. Every Node can read this file, so that one that is too old says so.
'use strict'
if (Number(process.versions.node.split('.')[0]) >= 20) {
  require('./launch.cjs')
} else {
  console.error('mmucheck: needs Node 20 or newer, this is %s', process.version)
  process.exitCode = 70
}
