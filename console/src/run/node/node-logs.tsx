/** Log lines of a node, read when somebody opens them. */
import { useState } from 'preact/hooks'
import { LogLines } from '../logs/log-lines.tsx'

export function NodeLogs({ runId, nodeId }: { readonly runId: string; readonly nodeId: string }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <section class="pane-part">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <h3>Log lines</h3>
        </summary>
        {isOpen && <LogLines runId={runId} nodeId={nodeId} />}
      </details>
    </section>
  )
}
