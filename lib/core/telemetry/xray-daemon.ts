/**
 * Sends segments to the X-Ray daemon, as X-Ray's SDKs do: a datagram each. Lambda runs one for sampled invocations;
 * elsewhere the daemon, the CloudWatch agent or an OpenTelemetry collector listens.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
 */
import { createSocket, type Socket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'

/** Before the document. */
const HEADER = '{"format":"json","version":1}\n'
/** A name that nobody resolves must not keep a message; milliseconds. */
const LONGEST_SEND_MS = 100

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html */
export interface SegmentDocument {
  readonly name: string
  readonly id: string
  readonly trace_id: string
  readonly parent_id?: string
  /** Seconds since the epoch. */
  readonly start_time: number
  readonly end_time: number
  readonly fault?: boolean
  readonly annotations: Readonly<Record<string, string>>
}

export class XRayDaemon {
  readonly #address: { readonly host: string; readonly port: number }
  #socket: Socket | undefined

  constructor(address: { readonly host: string; readonly port: number }) {
    this.#address = address
  }

  /** Resolves when the datagram is on its way, or soon. Never throws: a segment that is lost is lost. */
  async send(segment: SegmentDocument): Promise<void> {
    const { host, port } = this.#address
    const sent = new Promise<void>((resolve) => {
      try {
        this.#open().send(HEADER + JSON.stringify(segment), port, host, () => resolve())
      } catch {
        resolve()
      }
    })
    await Promise.race([sent, sleep(LONGEST_SEND_MS, undefined, { ref: false })])
  }

  #open(): Socket {
    if (this.#socket) return this.#socket
    const socket = createSocket('udp4').unref()
    socket.on('error', () => {
      socket.close()
      if (this.#socket === socket) this.#socket = undefined
    })
    this.#socket = socket
    return socket
  }
}

/** Of AWS_XRAY_DAEMON_ADDRESS: `host:port`, or `tcp:host:port udp:host:port` in any order. Undefined where it is neither. */
export function daemonAddress(text: string | undefined): { host: string; port: number } | undefined {
  const parts = (text ?? '').trim().split(/\s+/)
  const part = parts.find((each) => each.startsWith('udp:'))?.slice('udp:'.length) ?? parts[0] ?? ''
  const [, host, port = ''] = /^([^:]+):(\d{1,5})$/.exec(part) ?? []
  const number = Number(port)
  return host && number > 0 && number < 65_536 ? { host, port: number } : undefined
}
