import { MessageChannel, type MessagePort } from 'node:worker_threads'

/** The ports of each worker to all others, null to itself. */
export function portsBetween(workers: number): (MessagePort | null)[][] {
  const ports = Array.from({ length: workers }, () => new Array<MessagePort | null>(workers).fill(null))
  for (let a = 0; a < workers; a++) {
    for (let b = 0; b < a; b++) {
      const { port1, port2 } = new MessageChannel()
      ports[a][b] = port1
      ports[b][a] = port2
    }
  }
  return ports
}
