/** The state table of a service: DynamoDB with the schema that the adapter uses, by the same constant. */
import { RemovalPolicy, Tags } from 'aws-cdk-lib'
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
import { Construct } from 'constructs'
import { stateTable } from '../adapter/store/schema.ts'

export interface StateTableProps {
  /**
   * A table of one's own with the schema of `stateTable`, in place of a new one; all other props must be absent then.
   * @default - a new table
   */
  readonly existingTable?: ITable
  /** @default - a name made by CloudFormation */
  readonly tableName?: string
  /** @default TableEncryptionV2.dynamoOwnedKey() */
  readonly encryption?: TableEncryptionV2
  /** Whether the table can be restored to any second of the last 35 days. @default true */
  readonly pointInTimeRecovery?: boolean
  /** Whether deleting the table is refused. @default true */
  readonly deletionProtection?: boolean
  /** What becomes of the table when its stack is deleted. @default RemovalPolicy.RETAIN */
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

  constructor(scope: Construct, id: string, props: StateTableProps = {}) {
    super(scope, id)
    const { existingTable, ...own } = props
    const given = Object.entries(own).flatMap(([name, value]) => (value === undefined ? [] : name))
    if (existingTable && given.length > 0) {
      throw new Error(
        `give either existingTable or props of a new table, got existingTable and ${given.join(', ')}`,
      )
    }
    this.table = existingTable ?? this.#create(own)
  }

  /** Allows what workers and StartRun do with the state: read and write items, never scan or administer. */
  grantReadWriteData(grantee: IGrantable): Grant {
    const actions = ['GetItem', 'PutItem', 'UpdateItem', 'Query'].map((action) => `dynamodb:${action}`)
    this.table.encryptionKey?.grantEncryptDecrypt(grantee)
    return Grant.addToPrincipal({ grantee, actions, resourceArns: [this.table.tableArn] })
  }

  /** Allows what the sweep does besides: ask which runs are due. */
  grantQueryDue(grantee: IGrantable): Grant {
    const resourceArns = [`${this.table.tableArn}/index/${stateTable.dueIndex.name}`]
    return Grant.addToPrincipal({ grantee, actions: ['dynamodb:Query'], resourceArns })
  }

  #create(props: StateTableProps): TableV2 {
    const table = new TableV2(this, 'Resource', {
      tableName: props.tableName,
      partitionKey: { name: stateTable.partitionKey, type: AttributeType.STRING },
      sortKey: { name: stateTable.sortKey, type: AttributeType.STRING },
      globalSecondaryIndexes: [
        {
          indexName: stateTable.dueIndex.name,
          partitionKey: { name: stateTable.dueIndex.partitionKey, type: AttributeType.STRING },
          sortKey: { name: stateTable.dueIndex.sortKey, type: AttributeType.NUMBER },
          projectionType: ProjectionType.KEYS_ONLY,
        },
      ],
      timeToLiveAttribute: stateTable.timeToLiveAttribute,
      billing: Billing.onDemand(),
      encryption: props.encryption ?? Encryption.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: props.pointInTimeRecovery ?? true },
      deletionProtection: props.deletionProtection ?? true,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    })
    Tags.of(table).add('flowcraft-aws', 'state')
    return table
  }
}
