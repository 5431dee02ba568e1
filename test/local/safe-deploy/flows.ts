/** Flows of two releases. Each node tells the version of the function that ran it. */
import { createFlow } from 'flowcraft'

const told = async () => ({ output: process.env['AWS_LAMBDA_FUNCTION_VERSION'] })

/** As many messages as there are branches; the second release has one more, and a node at the end. */
function fan(release: 1 | 2) {
  const branches = ['b1', 'b2', 'b3', ...(release === 2 ? ['b4'] : [])]
  const flow = createFlow('fan').node('a', told).node('join', told)
  for (const branch of branches) flow.node(branch, told).edge('a', branch).edge(branch, 'join')
  return release === 1 ? flow : flow.node('report', told).edge('join', 'report')
}

/** Waits after the node that is new. */
function known(release: 1 | 2) {
  const flow = createFlow('known').node('a', told).wait('wait').node('b', told).edge('wait', 'b')
  return release === 1
    ? flow.edge('a', 'wait')
    : flow.node('check', told).edge('a', 'check').edge('check', 'wait')
}

/** Waits before the node that is new. */
function lacking(release: 1 | 2) {
  const flow = createFlow('lacking').node('a', told).wait('wait').node('b', told).edge('a', 'wait')
  return release === 1
    ? flow.edge('wait', 'b')
    : flow.node('check', told).edge('wait', 'check').edge('check', 'b')
}

export const flowsOf = (release: 1 | 2) => [fan(release), known(release), lacking(release)]
