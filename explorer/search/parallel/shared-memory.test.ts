import { expect, it } from 'vitest'
import { abandon, barrier, clearRequest, REQUEST, request, requests, sharedMemory } from './shared-memory.ts'

it('no worker waits for a lost one', () => {
  const memory = sharedMemory(2, 1, 2)
  abandon(memory)
  expect(() => barrier(memory)).toThrow('another worker is lost')
})

it('workers at a barrier get all requests until these are cleared', () => {
  const memory = sharedMemory(1, 1, 2)
  expect(barrier(memory)).toBe(0)
  request(memory, REQUEST.growth)
  request(memory, REQUEST.stop)
  expect(barrier(memory)).toBe(REQUEST.growth | REQUEST.stop)
  clearRequest(memory, REQUEST.growth)
  expect([requests(memory), barrier(memory)]).toEqual([REQUEST.stop, REQUEST.stop])
})
