/** The screen of the route. */
import { route, type Route } from './router.ts'
import { RunScreen } from './run/run-screen.tsx'
import { BlueprintScreen } from './screens/blueprints/blueprint.tsx'
import { BlueprintsScreen } from './screens/blueprints/blueprints.tsx'
import { DeadLettersScreen } from './screens/dead-letters/dead-letters.tsx'
import { FailuresScreen } from './screens/failures/failures.tsx'
import { Home } from './screens/home.tsx'
import { RunsScreen } from './screens/runs/runs.tsx'
import { StartScreen } from './screens/start/start.tsx'
import { service } from './service.ts'
import { Empty } from './ui/empty.tsx'
import { Page } from './ui/page.tsx'

export function Screen() {
  const { kind, runId } = service.value ?? {}
  const shown = route.value
  // A file has one run, and no lists.
  if (kind === 'file' && runId !== undefined && shown.screen !== 'run')
    return <ScreenOf route={{ screen: 'run', runId }} />
  return <ScreenOf route={shown} />
}

function ScreenOf({ route }: { readonly route: Route }) {
  switch (route.screen) {
    case 'home':
      return <Home />
    case 'runs':
      return <RunsScreen query={route.query} />
    case 'failures':
      return <FailuresScreen query={route.query} />
    case 'run':
      return <RunScreen key={route.runId} runId={route.runId} nodeId={route.nodeId} />
    case 'blueprints':
      return <BlueprintsScreen />
    case 'blueprint':
      return <BlueprintScreen blueprintId={route.blueprintId} />
    case 'deadLetters':
      return <DeadLettersScreen />
    case 'start':
      return <StartScreen blueprintId={route.blueprintId} />
    default:
      return (
        <Page title="Nothing here">
          <Empty title="There is no such screen">
            <a href="#/runs">To the runs</a>
          </Empty>
        </Page>
      )
  }
}
