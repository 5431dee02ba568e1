/**
 * Existing resources: what the construct tree knows of them is judged when the app is synthesised, since an index or a
 * lifecycle rule may be added after the service. Of an imported one nothing is known, so a warning says what to check.
 */
import { Annotations, CfnResource, Stack } from 'aws-cdk-lib'
import type { CfnGlobalTable, CfnTable, ITable } from 'aws-cdk-lib/aws-dynamodb'
import type { CfnBucket, IBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct, IConstruct } from 'constructs'
import { stateTable } from '../core/store/schema.ts'

/** The properties of a resource of this app; undefined for an imported one. */
export function knownProperties<T extends CfnResource>(resource: IConstruct): T | undefined {
  const { defaultChild } = resource.node
  return defaultChild && CfnResource.isCfnResource(defaultChild) ? (defaultChild as T) : undefined
}

/** Without tokens that only the synthesis fills in, such as lists that grow. */
export function resolved<T>(resource: CfnResource, value: T): T | undefined {
  return Stack.of(resource).resolve(value) as T | undefined
}

function warnOfImported(scope: Construct, prop: string, check: string): void {
  Annotations.of(scope).addWarningV2(
    `flowcraft-aws:${prop}`,
    `${prop} is imported, so nothing of it is known at synth. Check that it has ${check}`,
  )
}

/** `byStart`: whether it must have the index of runs. */
export function judgeExistingTable(scope: Construct, table: ITable, byStart: boolean): void {
  const known = knownProperties<CfnTable | CfnGlobalTable>(table)
  if (known) scope.node.addValidation({ validate: () => tableProblems(scope, known, byStart) })
  else {
    const indexes = byStart ? [INDEX, `${RUN_INDEX} (${NO_RUN_INDEX})`] : [INDEX]
    warnOfImported(scope, 'existingTable', [KEY, ...indexes, `and ${TIME_TO_LIVE}`].join(', '))
  }
}

const { partitionKey, sortKey, dueIndex, runIndex, timeToLiveAttribute } = stateTable
const KEY = `partition key ${partitionKey} (S) and sort key ${sortKey} (S)`
const INDEX = `a global secondary index '${dueIndex.name}' with partition key ${dueIndex.partitionKey} (S) and sort key ${dueIndex.sortKey} (N)`
const RUN_INDEX = `a global secondary index '${runIndex.name}' with partition key ${runIndex.partitionKey} (S) and sort key ${runIndex.sortKey} (N) that projects ${runIndex.projected.join(', ')}`
const NO_RUN_INDEX = 'or give runIndex: false'
const TIME_TO_LIVE = `time to live on ${timeToLiveAttribute}`

interface Key {
  readonly attributeName: string
  readonly keyType: string
}

interface Attribute {
  readonly attributeName: string
  readonly attributeType: string
}

interface Index {
  readonly indexName: string
  readonly keySchema: readonly Key[]
  readonly projection?: { readonly projectionType?: string; readonly nonKeyAttributes?: readonly string[] }
}

function tableProblems(scope: Construct, known: CfnTable | CfnGlobalTable, byStart: boolean): string[] {
  const attributes = (resolved(known, known.attributeDefinitions) ?? []) as readonly Attribute[]
  const describe = (keys: readonly Key[]) => describeKeys(keys, attributes)
  const problems: string[] = []
  const key = describe((resolved(known, known.keySchema) ?? []) as readonly Key[])
  if (key !== KEY) problems.push(`existingTable must have ${KEY}, got ${key}`)

  const indexes = (resolved(known, known.globalSecondaryIndexes) ?? []) as readonly Index[]
  const find = (name: string) => indexes.find(({ indexName }) => indexName === name)
  const nameAndKeys = (index: Index) =>
    `a global secondary index '${index.indexName}' with ${describe(index.keySchema)}`
  const due = find(dueIndex.name)
  const index = due ? nameAndKeys(due) : 'none'
  if (index !== INDEX) problems.push(`existingTable must have ${INDEX}, got ${index}`)
  const runs = find(runIndex.name)
  if (byStart && !runs) {
    // A table of an earlier version: all goes on but lists of runs.
    Annotations.of(scope).addWarningV2(
      'flowcraft-aws:runIndex',
      `existingTable should have ${RUN_INDEX}, ${NO_RUN_INDEX}, got none: runs cannot be listed (RUN_INDEX_MISSING)`,
    )
  }
  const list = runs ? `${nameAndKeys(runs)} that projects ${projectedBy(runs)}` : RUN_INDEX
  if (byStart && list !== RUN_INDEX) {
    problems.push(`existingTable must have ${RUN_INDEX}, ${NO_RUN_INDEX}, got ${list}`)
  }

  const expiry = resolved(known, known.timeToLiveSpecification) as
    | { readonly attributeName?: string; readonly enabled?: boolean }
    | undefined
  const expires = expiry?.enabled === true ? expiry.attributeName : undefined
  if (expires !== timeToLiveAttribute) {
    problems.push(`existingTable must have ${TIME_TO_LIVE}, got ${expires ?? 'none'}`)
  }
  return problems
}

/** What is wanted, where it has all of that. */
function projectedBy({ projection: { projectionType, nonKeyAttributes = [] } = {} }: Index): string {
  const hasAll =
    projectionType === 'ALL' || runIndex.projected.every((name) => nonKeyAttributes.includes(name))
  return (hasAll ? runIndex.projected : nonKeyAttributes).join(', ') || 'keys only'
}

function describeKeys(keys: readonly Key[], attributes: readonly Attribute[]): string {
  const parts = keys.map(({ attributeName, keyType }) => {
    const type = attributes.find((attribute) => attribute.attributeName === attributeName)?.attributeType
    return `${keyType === 'HASH' ? 'partition' : 'sort'} key ${attributeName} (${type ?? 'of unknown type'})`
  })
  return parts.join(' and ') || 'no key'
}

/** `days`: how long values must stay. */
export function judgeExistingBucket(scope: Construct, bucket: IBucket, days: number): void {
  const known = knownProperties<CfnBucket>(bucket)
  if (known) scope.node.addValidation({ validate: () => bucketProblems(known, days) })
  else {
    const rules = `no lifecycle rule that expires objects under ${VALUES} before ${days} days, or archives them`
    warnOfImported(scope, 'existingBucket', rules)
  }
}

const VALUES = 'runs/'
/** Objects in these must be restored before they can be read. https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html (read November 2026) */
const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE']

function bucketProblems(known: CfnBucket, days: number): string[] {
  const configuration = resolved(known, known.lifecycleConfiguration) as
    | { readonly rules?: readonly CfnBucket.RuleProperty[] }
    | undefined
  return (configuration?.rules ?? []).filter(isForValues).flatMap((rule) => {
    const { id = 'a rule without id', expirationInDays, expirationDate, transitions = [] } = rule
    const lists = [transitions, rule.transition ?? []].flat() as readonly CfnBucket.TransitionProperty[]
    const archive = lists.find(({ storageClass }) => ARCHIVES.includes(storageClass))
    const problems: string[] = []
    if (expirationDate !== undefined || (expirationInDays !== undefined && expirationInDays < days)) {
      const got = expirationDate === undefined ? `${expirationInDays} days` : `a date`
      problems.push(
        `existingBucket must keep objects under ${VALUES} for ${days} days, got ${got} (lifecycle rule ${id})`,
      )
    }
    if (archive) {
      problems.push(
        `existingBucket must keep objects under ${VALUES} readable, got a transition to ${archive.storageClass} (lifecycle rule ${id})`,
      )
    }
    return problems
  })
}

/** Values have no tags. */
function isForValues({ status, prefix = '', tagFilters = [] }: CfnBucket.RuleProperty): boolean {
  if (status !== 'Enabled' || [tagFilters].flat().length > 0) return false
  return VALUES.startsWith(prefix) || prefix.startsWith(VALUES)
}
