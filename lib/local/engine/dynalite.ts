// Starts dynalite (DynamoDB in JavaScript, in memory) in this process.

import type { Server } from 'node:http'
import { KEEP_ALIVE_MS, close, listen } from '../proxy/http.ts'
import type { Engine } from './fauxqs.ts'
import { importOptional } from './optional.ts'

interface Dynalite {
  default: (options: {
    createTableMs: number
    deleteTableMs: number
    updateTableMs: number
    path?: string
  }) => Server
}

/** Starts dynalite on a free port of 127.0.0.1. `path` is a folder for its data, which are in memory else. */
export async function startDynalite(path?: string): Promise<Engine> {
  const { default: dynalite } = await importOptional<Dynalite>(
    'dynalite',
    'the local DynamoDB',
    'dynalite@^4',
  )
  const server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...(path !== undefined && { path }),
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const origin = await listen(server)
  return { origin, stop: () => close(server) }
}
