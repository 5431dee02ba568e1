/** What tests of traces share: headers, and a daemon that keeps the segments that it gets. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import type { SegmentDocument } from '../../lib/core/telemetry/xray-daemon.ts'

const hex = (bytes: number) => randomBytes(bytes).toString('hex')

export const newTraceId = () => `1-${hex(4)}-${hex(12)}`
export const newSegmentId = () => hex(8)

export interface Daemon {
  /** As AWS_XRAY_DAEMON_ADDRESS. */
  readonly address: string
  readonly segments: readonly SegmentDocument[]
  /** Resolves when what was sent before has arrived. */
  arrived(): Promise<void>
}

/** Listens on a free port until the test is over. */
export async function xrayDaemon(): Promise<Daemon> {
  const segments: SegmentDocument[] = []
  let arrive: (() => void) | undefined
  const socket = createSocket('udp4')
  socket.on('message', (datagram) => {
    if (datagram.length === 0) return arrive?.()
    const [header = '', document = ''] = datagram.toString().split('\n')
    const { format, version } = JSON.parse(header) as { format: unknown; version: unknown }
    if (format === 'json' && version === 1) segments.push(JSON.parse(document) as SegmentDocument)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  const { port } = socket.address()
  const arrived = () =>
    new Promise<void>((resolve) => {
      arrive = resolve
      socket.send('', port, '127.0.0.1')
    })
  return { address: `127.0.0.1:${port}`, segments, arrived }
}
