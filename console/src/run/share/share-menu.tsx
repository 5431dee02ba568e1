/** A run to give away: as a link, as Mermaid, as a picture, as a file that the console opens anywhere. */
import type { RunView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { problemOf } from '../../problem.ts'
import { runHref } from '../../router.ts'
import { service } from '../../service.ts'
import { toast } from '../../ui/toast.tsx'
import { factsOf } from '../facts.ts'
import { looksOf } from '../graph/looks.ts'
import type { RunModel } from '../run-model.ts'
import { download } from './download.ts'
import { MenuButton, type MenuItem } from './menu-button.tsx'
import { svgFile } from './svg-file.tsx'

export interface ShareMenuProps {
  readonly model: RunModel
  readonly run: RunView
}

export function ShareMenu({ model, run }: ShareMenuProps) {
  const graph = model.graph.value
  const { runId } = run
  const isFile = service.value?.kind === 'file'
  const items: MenuItem[] = [
    {
      text: 'Copy link',
      icon: 'link',
      isHidden: isFile,
      onPick: () => copyLink(runId),
    },
    {
      text: 'Copy as Mermaid',
      icon: 'copy',
      isHidden: isFile || graph === undefined,
      onPick: async () => copy((await api.diagram(runId)).mermaid, 'The diagram'),
    },
    {
      text: 'Save as SVG picture',
      icon: 'download',
      isHidden: graph === undefined,
      onPick: () => {
        if (graph) saveSvg(model, graph, run)
      },
    },
    { text: 'Save as file', icon: 'download', onPick: () => saveFile(runId) },
  ]
  return (
    <MenuButton
      text="Share"
      icon="share"
      items={items}
      onProblem={(error) => toast(problemOf(error).message)}
    />
  )
}

async function copy(text: string, what: string): Promise<void> {
  await navigator.clipboard.writeText(text)
  toast(`${what} is in the clipboard.`)
}

/** Without the token: whoever opens it needs a console of their own for this service. */
function copyLink(runId: string): Promise<void> {
  return copy(`${location.origin}${location.pathname}${runHref(runId)}`, 'The link')
}

function saveSvg(model: RunModel, graph: NonNullable<typeof model.graph.value>, run: RunView): void {
  const looks = looksOf(graph, run, factsOf(model.history.value?.entries ?? []))
  download(`${run.runId}.svg`, 'image/svg+xml', svgFile(graph, looks))
  toast(`Saved ${run.runId}.svg.`)
}

async function saveFile(runId: string): Promise<void> {
  const file = await api.file(runId)
  download(`${runId}.json`, 'application/json', `${JSON.stringify(file, null, 2)}\n`)
  toast(`Saved ${runId}.json; \`flowcraft-aws console --file\` opens it.`)
}
