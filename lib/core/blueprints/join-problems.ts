/** What a join of n of m (`joinCount`) cannot be, and why. */
import type { NodeDefinition, WorkflowBlueprint } from 'flowcraft'
import { show } from '../common/thrown.ts'
import { runsAlways } from '../protocol/always-nodes.ts'
import { quorumsOf } from '../protocol/quorum.ts'
import { RunGraph } from '../protocol/run-graph.ts'

const ONLY = 'a node with a joinCount'

/** `engineName`: what the engine calls the implementation, undefined of one's own. */
export function joinProblems(
  blueprint: WorkflowBlueprint,
  engineName: (uses: string) => string | undefined,
): string[] {
  const joins = blueprint.nodes.filter(({ config }) => config?.joinCount !== undefined)
  const say = (id: string, problem: string) => `blueprint '${blueprint.id}': node '${id}': ${problem}`
  const problems = joins.flatMap((node) =>
    ownProblems(blueprint, node, engineName(node.uses)).map((problem) => say(node.id, problem)),
  )
  if (problems.length > 0 || joins.length === 0) return problems
  const graph = graphOf(blueprint)
  return joins.flatMap(({ id }) => (graph ? loopProblems(graph, id) : []).map((problem) => say(id, problem)))
}

function ownProblems(
  blueprint: WorkflowBlueprint,
  { id, config = {} }: NodeDefinition,
  engine: string | undefined,
): string[] {
  const { joinCount, joinStrategy } = config
  if (runsAlways(config))
    return ["a node with runs: 'always' has no joinCount: it waits for all that leads to it"]
  if (engine === 'loop-controller' || engine === 'batch-gather')
    return [`${ONLY} cannot be a ${engine}, which is part of a loop or a batch`]
  if (joinStrategy !== 'any')
    return [`config.joinCount goes with joinStrategy: 'any'; got joinStrategy: ${show(joinStrategy)}`]
  const ids = new Set(blueprint.nodes.map((node) => node.id))
  const sources = quorumsOf(blueprint).get(id)?.predecessors ?? new Set()
  const atMost = [...sources].filter((source) => ids.has(source)).length
  if (!Number.isSafeInteger(joinCount) || (joinCount as number) < 1 || (joinCount as number) > atMost) {
    const leading = atMost === 1 ? 'the 1 node that leads to it' : `the ${atMost} nodes that lead to it`
    return [`config.joinCount must be an integer from 1 to ${atMost}, ${leading}; got ${show(joinCount)}`]
  }
  const problems: string[] = []
  if (blueprint.nodes.some((other) => other.config?.fallback === id))
    problems.push(`${ONLY} cannot be the fallback of another, which runs without any arrival`)
  for (const { source, target, transform } of blueprint.edges) {
    if (target !== id || transform === undefined) continue
    problems.push(`the edge to it from '${source}' cannot have a transform: it is given outputs as they are`)
  }
  return problems
}

/** In each round of a loop the same nodes must be able to arrive, and none of another round. */
function loopProblems(graph: RunGraph, id: string): string[] {
  const join = graph.indexOf(id)
  const predecessors = graph.predecessors[join] ?? []
  if (comesBack(graph, join))
    return [`${ONLY} cannot be in a cycle without a loop controller, whose rounds may overlap`]
  return graph.loopsAround(join).flatMap((controller) => {
    const loop = graph.loops.get(controller)
    const outside = predecessors.filter((node) => !loop?.has(node)).map((node) => `'${graph.node(node).id}'`)
    if (outside.length === 0) return []
    const who = `${outside.join(', ')} ${outside.length === 1 ? 'does' : 'do'} not arrive in each round`
    return [
      `${ONLY} in the loop of '${graph.node(controller).id}' has edges from inside that loop only: ${who}`,
    ]
  })
}

/** Whether a node leads back to itself by a way that no loop controller is on. */
function comesBack(graph: RunGraph, start: number): boolean {
  const seen = new Set<number>()
  const behind = [start]
  for (let node = behind.pop(); node !== undefined; node = behind.pop()) {
    const { fallback } = graph.node(node).config ?? {}
    const standIn = fallback === undefined ? undefined : graph.find(fallback)
    for (const next of [...(graph.successors[node] ?? []), ...(standIn === undefined ? [] : [standIn])]) {
      if (next === start) return true
      if (seen.has(next) || graph.loops.has(next)) continue
      seen.add(next)
      behind.push(next)
    }
  }
  return false
}

/** Undefined of a loop that the engine refuses, which is told apart. */
function graphOf(blueprint: WorkflowBlueprint): RunGraph | undefined {
  try {
    return new RunGraph(blueprint)
  } catch {
    return undefined
  }
}
