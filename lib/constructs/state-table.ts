/** The state table of a service: DynamoDB with the schema that the adapter uses, by the same constant. */
import { RemovalPolicy, Stack, Tags, Token } from 'aws-cdk-lib'
import { MathExpression, Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import {
  AttributeType,
  Billing,
  type ITable,
  ProjectionType,
  type TableEncryptionV2,
  TableEncryptionV2 as Encryption,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Construct } from 'constructs'
import { partitions, stateTable } from '../core/store/schema.ts'
import { judgeExistingTable } from './existing-resources.ts'
import { grantKey, keyActions } from './keys.ts'
import { existingOrNew, givenOf, throwProblems } from './problems.ts'

/** Props of `StateTable`. */
export interface StateTableProps {
  /**
   * An existing table to use, with the schema of `stateTable`; excludes all other props but `serviceName` and `runIndex`.
   * @default - a new table
   */
  readonly existingTable?: ITable
  /**
   * Name of the service, required if several use the table (FLOWCRAFT_SERVICE_NAME): each processes only its own timers.
   * Changing it abandons pending timers. @default - none: the table is one service's
   */
  readonly serviceName?: string
  /**
   * Whether the table has the index by which `RunClient.list` finds runs, for a write unit at the start of a run and one at
   * its end. Failed runs, and those with labels, are found without it.
   * @default true
   */
  readonly runIndex?: boolean
  /** Name of the table. @default - a name made by CloudFormation */
  readonly tableName?: string
  /** KMS key that encrypts the table, in a stack with `env.region`; excludes `encryption`. @default - see `encryption` */
  readonly encryptionKey?: IKey
  /** Encryption of the table. @default TableEncryptionV2.dynamoOwnedKey() */
  readonly encryption?: TableEncryptionV2
  /** Whether point-in-time recovery is enabled, for 35 days. @default true */
  readonly pointInTimeRecovery?: boolean
  /** Whether the table is protected from deletion. @default true, false with RemovalPolicy.DESTROY */
  readonly deletionProtection?: boolean
  /**
   * What happens to the table when the stack is deleted.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, which becomes RETAIN with deletionProtection: a rollback could not
   * delete the table
   */
  readonly removalPolicy?: RemovalPolicy
}

/**
 * Holds the runs of a service: on-demand, with time to live.
 *
 * @example
 * const state = new StateTable(this, 'State')
 * state.grantReadWriteData(worker)
 */
export class StateTable extends Construct {
  /** The table itself. */
  readonly table: ITable
  /** Names the service where several use the table. */
  readonly serviceName: string | undefined
  /** Whether runs stand in the index by which they are listed. */
  readonly runIndex: boolean

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: StateTableProps = {}) {
    super(scope, id)
    throwProblems(this, stateTableProblems(this, props))
    this.runIndex = props.runIndex ?? true
    this.table = props.existingTable ?? this.#create(props)
    if (props.existingTable) judgeExistingTable(this, props.existingTable, this.runIndex)
    this.serviceName = props.serviceName
  }

  /** Grants what workers need: read and write items, never delete, scan or administer. */
  grantReadWriteData(grantee: IGrantable): Grant {
    return this.#grant(grantee, ['GetItem', 'PutItem', 'UpdateItem', 'Query'])
  }

  /** Grants reading runs, and listing them. */
  grantReadData(grantee: IGrantable): Grant {
    const grant = this.#grant(grantee, ['GetItem', 'Query'], keyActions.tableRead)
    return grant.combine(this.grantListRuns(grantee))
  }

  /** Grants listing runs: query the indexes, get many items. Labels need `grantReadData`. */
  grantListRuns(grantee: IGrantable): Grant {
    const { dueIndex, runIndex } = stateTable
    const indexes = [dueIndex.name, ...(this.runIndex ? [runIndex.name] : [])]
    const resourceArns = indexes.map((name) => `${this.table.tableArn}/index/${name}`)
    return this.#grant(grantee, ['BatchGetItem'], keyActions.tableRead).combine(
      Grant.addToPrincipal({ grantee, actions: ['dynamodb:Query'], resourceArns }),
    )
  }

  /** Grants `RunClient.backfill`, which looks through the whole table and marks runs: for an operator, once. */
  grantBackfill(grantee: IGrantable): Grant {
    return this.#grant(grantee, ['Scan', 'BatchGetItem', 'UpdateItem'])
  }

  /**
   * Grants what StartRun and the webhook need: get single items, put new ones of runs.
   * @param also - of labels, which StartRun puts; of blueprints (`graphs`), which one that knows its flows stores
   */
  grantPutData(grantee: IGrantable, also: readonly ('labels' | 'graphs')[] = []): Grant {
    const keys = [partitions.runs, ...also.map((name) => partitions[name])]
    return this.#grant(grantee, ['GetItem']).combine(this.#grantIn(keys, grantee, 'PutItem'))
  }

  /** Grants what the sweep needs: query due runs and those of paused blueprints, get and update items. */
  grantSweep(grantee: IGrantable): Grant {
    const grant = this.#grant(grantee, ['GetItem', 'UpdateItem']).combine(this.grantQueryDue(grantee))
    return grant.combine(this.#grantIn([partitions.held], grantee, 'Query'))
  }

  /** Grants querying the index of due runs. */
  grantQueryDue(grantee: IGrantable): Grant {
    const resourceArns = [`${this.table.tableArn}/index/${stateTable.dueIndex.name}`]
    return Grant.addToPrincipal({ grantee, actions: ['dynamodb:Query'], resourceArns })
  }

  /** Grants what `DynamoDbCoordinationStore` needs, for programs that use it alone; the adapter does not. */
  grantCoordination(grantee: IGrantable): Grant {
    return this.#grant(grantee, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'])
  }

  /** Requests that DynamoDB throttled, reads and writes, those of the indexes too. @default - the sum over 5 minutes */
  metricThrottles(options: MetricOptions = {}): MathExpression {
    const { period, label = 'Throttled requests', color } = options
    const [reads, writes] = ['ReadThrottleEvents', 'WriteThrottleEvents'] as const
    return new MathExpression({
      // SUM takes what is there: a metric that was never written is not a zero.
      expression: `SUM([reads, writes, indexWrites${this.runIndex ? ', listWrites' : ''}])`,
      usingMetrics: {
        reads: this.#metric(reads, options),
        writes: this.#metric(writes, options),
        // An index that is behind throttles writes of the table, and only the index counts them.
        indexWrites: this.#metric(writes, options, { GlobalSecondaryIndexName: stateTable.dueIndex.name }),
        ...(this.runIndex
          ? {
              listWrites: this.#metric(writes, options, {
                GlobalSecondaryIndexName: stateTable.runIndex.name,
              }),
            }
          : {}),
      },
      period,
      label,
      color,
    })
  }

  /** Write units of the table that were paid for; its indexes have some for each run and timer besides. @default - the sum over 5 minutes */
  metricConsumedWriteUnits(options: MetricOptions = {}): Metric {
    return this.#metric('ConsumedWriteCapacityUnits', options)
  }

  /** Read units that were paid for. @default - the sum over 5 minutes */
  metricConsumedReadUnits(options: MetricOptions = {}): Metric {
    return this.#metric('ConsumedReadCapacityUnits', options)
  }

  #metric(metricName: string, options: MetricOptions, index: Record<string, string> = {}): Metric {
    return new Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: this.table.tableName, ...index },
      statistic: 'Sum',
      ...options,
    }).attachTo(this)
  }

  #grant(
    grantee: IGrantable,
    operations: readonly string[],
    forKey: readonly string[] = keyActions.table,
  ): Grant {
    grantKey(this.table.encryptionKey, grantee, forKey)
    const actions = operations.map((operation) => `dynamodb:${operation}`)
    return Grant.addToPrincipal({ grantee, actions, resourceArns: [this.table.tableArn] })
  }

  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
  #grantIn(keys: readonly string[], grantee: IGrantable, operation: string): Grant {
    const conditions = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } }
    const resourceArns = [this.table.tableArn]
    return Grant.addToPrincipal({ grantee, actions: [`dynamodb:${operation}`], resourceArns, conditions })
  }

  #create(props: StateTableProps): TableV2 {
    const { encryptionKey } = props
    const deletionProtection = props.deletionProtection ?? props.removalPolicy !== RemovalPolicy.DESTROY
    const asked = props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    // The rollback of a first deployment cannot delete a protected table: CloudFormation must not try.
    const isRefused = deletionProtection && asked === RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    const removalPolicy = isRefused ? RemovalPolicy.RETAIN : asked
    const ownKey = encryptionKey && Encryption.customerManagedKey(encryptionKey)
    const table = new TableV2(this, 'Resource', {
      tableName: props.tableName,
      partitionKey: { name: stateTable.partitionKey, type: AttributeType.STRING },
      sortKey: { name: stateTable.sortKey, type: AttributeType.STRING },
      globalSecondaryIndexes: [
        { ...indexOf(stateTable.dueIndex), projectionType: ProjectionType.KEYS_ONLY },
        ...(this.runIndex
          ? [
              {
                ...indexOf(stateTable.runIndex),
                projectionType: ProjectionType.INCLUDE,
                nonKeyAttributes: [...stateTable.runIndex.projected],
              },
            ]
          : []),
      ],
      timeToLiveAttribute: stateTable.timeToLiveAttribute,
      billing: Billing.onDemand(),
      encryption: ownKey ?? props.encryption ?? Encryption.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: props.pointInTimeRecovery ?? true },
      deletionProtection,
      removalPolicy,
    })
    Tags.of(table).add('flowcraft-aws', 'state')
    return table
  }
}

function indexOf({ name, partitionKey, sortKey }: typeof stateTable.dueIndex | typeof stateTable.runIndex) {
  return {
    indexName: name,
    partitionKey: { name: partitionKey, type: AttributeType.STRING },
    sortKey: { name: sortKey, type: AttributeType.NUMBER },
  }
}

export function stateTableProblems(scope: Construct, props: StateTableProps): string[] {
  // Also of an existing table.
  const { existingTable, serviceName: _, runIndex: __, ...own } = props
  const problems = existingTable ? existingOrNew('existingTable', 'table', givenOf(own)) : []
  if (own.encryptionKey && own.encryption) {
    problems.push('give either encryptionKey or encryption, got both')
  }
  if (own.encryptionKey && Token.isUnresolved(Stack.of(scope).region)) {
    problems.push(
      'encryptionKey needs a stack of a known region (env.region), as the CDK names a key by region',
    )
  }
  return problems
}
