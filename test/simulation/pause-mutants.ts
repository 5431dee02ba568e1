/** Mutants of how blueprints are paused and their runs let go, and of runs that are paused as they fail: see `source-mutants.ts`. */
import { aimedAt, BLUEPRINT_PAUSES, CALM_BLUEPRINT_PAUSES, PAUSED_FAILURES } from './profile.ts'
import type { SourceMutant } from './source-mutants.ts'

export const pauseMutants: readonly SourceMutant[] = [
  {
    what: 'a run that is held by a pause, and not found by it',
    file: 'run/hold.ts',
    replace: /await store\.putHeld\(runId, pause\.epoch\)/,
    by: '',
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [CALM_BLUEPRINT_PAUSES],
  },
  {
    what: 'a run that is held before it can be found',
    file: 'run/hold.ts',
    replace:
      /await store\.putHeld\(runId, pause\.epoch\)\n[^]*?run = \(await store\.hold\(runId, pause\.epoch\)\)\.run \?\? run\n/,
    by: 'run = (await store.hold(runId, pause.epoch)).run ?? run\n      await store.putHeld(runId, pause.epoch)\n',
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [aimedAt('putHeld', { dieBefore: 0.5, freezeBefore: 0.4 }, BLUEPRINT_PAUSES)],
  },
  {
    what: 'a run that is held though nobody looked whether the pause is still on',
    file: 'run/hold.ts',
    replace: /const pause = await pauses\.asItIs\(blueprintId\)/,
    by: 'const pause = { epoch: run.heldBy }',
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [BLUEPRINT_PAUSES, CALM_BLUEPRINT_PAUSES],
  },
  {
    what: 'a release that is noted before its runs are let go',
    file: 'run/release.ts',
    replace:
      /const wereHeld = (.*)\n([^]*?)freed \+= .*\n([^]*?if \(!\(await store\.moveRelease\(epoch, noted, place\)\)\) break)\n/,
    by: '$2$3\n    const wereHeld = $1\n    freed += wereHeld.filter(Boolean).length\n',
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [aimedAt('letGo', { dieBefore: 0.6, refused: 0.3 }, BLUEPRINT_PAUSES)],
  },
  {
    what: 'a sweep that lets no runs go',
    file: 'run/sweep.ts',
    replace: /released = await releaseHeld\(services, RELEASES_AT_MOST\)/,
    by: '',
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [aimedAt('readHeld', { dieBefore: 0.9 }, BLUEPRINT_PAUSES)],
  },
  {
    what: 'a run that is paused at its end though it has not failed',
    file: 'protocol/decision.ts',
    replace: /status === 'failed' && options\.pausesFailed/,
    by: 'options.pausesFailed',
    cases: ['a linear chain'],
    profiles: [PAUSED_FAILURES],
  },
  {
    what: 'a run that is paused since it failed, and not taken for one that is',
    file: 'protocol/change.ts',
    replace: /return \{ pausedAt: final\.endedAt, pausedByFailure: true \}/,
    by: 'return {}',
    cases: ["an 'all' join with a failed predecessor"],
    profiles: [PAUSED_FAILURES],
  },
]
