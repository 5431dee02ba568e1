/** Emulators are asked for what they need in one sentence, and shims do what they say. */
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { close, listen } from '../../lib/local/proxy/http.ts'
import { emulators } from './emulators.ts'
import { EmulatorMissing, installElasticmq, installMoto } from './install.ts'
import { startShim } from './shim.ts'

const pinned = (file: string) => readFile(new URL(file, import.meta.url), 'utf8')

describe('emulators of other makers', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it('say what they need where that is not here', async () => {
    vi.stubEnv('PATH', '/nowhere')
    await expect(installElasticmq()).rejects.toThrow(
      new EmulatorMissing('ElasticMQ needs java, which does not run here: install Java 11 or newer'),
    )
    await expect(installMoto()).rejects.toThrow(
      new EmulatorMissing(
        'moto needs python3, which does not run here: install Python 3.10 or newer, with its module venv',
      ),
    )
  })

  it('are of the versions that are fetched', async () => {
    const [, elasticmq] = emulators.elasticmq.title.split(' ')
    const [, moto] = emulators.moto.title.split(' ')
    expect(await pinned('pom.xml')).toContain(`<version>${elasticmq}</version>`)
    expect(await pinned('requirements.txt')).toContain(`moto==${moto}\n`)
  })
})

describe('a shim', () => {
  it('lets one request through at a time where it says so, and answers all', async () => {
    let [now, most] = [0, 0]
    const server = createServer(async (req, res) => {
      most = Math.max(most, ++now)
      await sleep(5)
      now--
      res.writeHead(req.url === '/3' ? 500 : 200).end(`answer to ${req.url}`)
    })
    const target = await listen(server)
    const results = async (atATime?: number) => {
      most = 0
      const shim = await startShim(target, [{ name: 'test', why: 'test', atATime }])
      const ask = async (n: number) => {
        const answer = await fetch(`${shim.origin}/${n}`, { method: 'POST', body: 'x' })
        return [answer.status, await answer.text()]
      }
      const answers = await Promise.all([1, 2, 3].map(ask))
      await shim.stop()
      return { answers, most }
    }

    const answers = [
      [200, 'answer to /1'],
      [200, 'answer to /2'],
      [500, 'answer to /3'],
    ]
    expect(await results(1)).toEqual({ answers, most: 1 })
    const all = await results()
    expect(all.answers).toEqual(answers)
    expect(all.most).toBeGreaterThan(1)
    await close(server)
  })
})
