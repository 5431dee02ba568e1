import { runHref } from '../../router.ts'
import { service } from '../../service.ts'
import { Icon } from '../../ui/icons.tsx'
import type { PlacedNode } from './layout.ts'

export interface ChildLinkProps {
  readonly placed: PlacedNode
  /** The child run of the node, where it has one. */
  readonly runId: string | undefined
}

/** Leads from a subflow into its child run. */
export function ChildLink({ placed: { x, y, width, node }, runId }: ChildLinkProps) {
  // A file has one run.
  if (runId === undefined || service.value?.kind === 'file') return null
  return (
    <a class="node-child" href={runHref(runId)} aria-label={`Child run of ${node.id}`}>
      <g transform={`translate(${x + width - 24},${y + 4})`}>
        <title>{`Child run ${runId}`}</title>
        <rect class="node-child-box" width={20} height={20} rx={5} />
        <g transform="translate(4,4)">
          <Icon name="external" size={12} />
        </g>
      </g>
    </a>
  )
}
