/** Completion, asked for in the shells themselves. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../lib/cli/main.ts'
import { ioOf } from './io.ts'

const isThere = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flowcraft-cli-'))
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { io, out } = ioOf()
    expect(await main(['completion', shell], io)).toBe(0)
    writeFileSync(join(folder, shell), `${out.join('\n')}\n`)
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What a shell offers for the last of these words. */
const offers = {
  bash: (words: readonly string[]) =>
    run(
      'bash',
      'source "$0"; COMP_WORDS=(flowcraft-aws "$@"); COMP_CWORD=$#; _flowcraft_aws; printf "%s\\n" "${COMPREPLY[@]}"',
      words,
    ),
  /** Its completion system needs a terminal: what stands in for it prints what it is given. */
  zsh: (words: readonly string[]) =>
    run(
      'zsh',
      `compdef() { : }; compadd() { print -l -- \${(P)\${@[-1]}} }; _files() { print files }
      _describe() { print -l -- \${(P)\${@[-1]}%%:*} }
      source "$0"
      complete_() { words=(flowcraft-aws "$@") CURRENT=$#words PREFIX="\${@[-1]}"; _flowcraft_aws }
      complete_ "$@"`,
      words,
    ),
  fish: (words: readonly string[]) => {
    const script = 'source $argv[1]; complete -C (string join " " -- flowcraft-aws $argv[2..-1])'
    return run('fish', script, words).map((line) => line.split('\t', 1)[0] as string)
  },
} as const

const FLAGS = { bash: '--norc', zsh: '-f', fish: '--no-config' } as const

function run(shell: keyof typeof FLAGS, script: string, words: readonly string[]): string[] {
  const args = [FLAGS[shell], '-c', script, join(folder, shell), ...words]
  return linesOf(execFileSync(shell, args, { encoding: 'utf8' }))
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')
const starting = (begin: string, found: readonly string[]) => found.filter((word) => word.startsWith(begin))

describe.each(['bash', 'zsh', 'fish'] as const)('in %s', (shell) => {
  // Not each machine has each shell.
  const inShell = it.skipIf(!isThere(shell))
  const offered = (...words: string[]) => offers[shell](words).toSorted()

  inShell('it offers commands', () => {
    expect(starting('re', offered('re'))).toEqual(['redrive', 'resume'])
    expect(offered('dlq', '')).toEqual(expect.arrayContaining(['drop', 'list', 'redrive']))
    expect(offered('dlq', '')).not.toContain('start')
    expect(offered('completion', '')).toEqual(['bash', 'fish', 'zsh'])
  })

  inShell('it offers options, those of the program too', () => {
    expect(starting('--st', offered('list', '--st'))).toEqual(['--stack', '--status'])
    expect(starting('--', offered('dlq', 'drop', '--'))).toEqual(
      expect.arrayContaining(['--all', '--by', '--local', '--reason', '--run']),
    )
    expect(starting('--st', offered('get', '--st'))).toEqual(['--stack'])
  })

  inShell('it offers the choices of an option, and takes a value for no command', () => {
    expect(offered('list', '--status', 'f').filter((word) => word === 'failed')).toEqual(['failed'])
    expect(starting('can', offered('list', '-s', 'can'))).toEqual(['cancelled'])
    expect(starting('li', offered('--stack', 'start', 'li'))).toEqual(['list'])
    expect(starting('--st', offered('--stack', 'x', 'list', '--label', 'get', '--st'))).toEqual([
      '--stack',
      '--status',
    ])
  })
})

it('is for shells that it knows', async () => {
  const { io, err } = ioOf()
  expect(await main(['completion', 'csh'], io)).toBe(2)
  expect(err.join('\n')).toContain('Allowed choices are bash, zsh, fish.')
})
