// The public types of stacks on the local AWS. Types only.

import type { LocalConnection } from '../connection.ts'
import type { LocalFunction } from '../lambda/types.ts'

/** Options of {@link LocalAws.deploy}. */
export interface DeployOptions {
  /** The folder that `cdk synth` or `app.synth()` wrote, or that of a stage, which is a folder in it. */
  readonly assembly: string
  /**
   * The stack's name, or its path in the app, `Prod/Shop`. Stacks that it needs are deployed before it, unless they run
   * here. @default - the only stack of the assembly
   */
  readonly stackName?: string
  /** Values of the parameters of the stack and of those that it needs. @default - the defaults in the template */
  readonly parameters?: Readonly<Record<string, string>>
  /**
   * Types or logical ids of resources to leave out, for what is not emulated and not needed either. What refers
   * to them gets a name that leads nowhere. @default - none
   */
  readonly ignore?: readonly string[]
  /**
   * Update the stack that runs here by this name, in place of making another copy: what did not change goes on, code is
   * replaced, and queues, tables and buckets keep what they hold. @default false
   */
  readonly update?: boolean
  /** Variables of every function besides its own, which they override. @default - none */
  readonly environment?: Readonly<Record<string, string>>
  /** Gets each line that a function prints, and the function's logical id. @default - the lines stay in its `logs` */
  readonly onLog?: (line: string, logicalId: string) => void
}

/** A resource of a stack that runs here. */
export interface LocalResource {
  readonly type: string
  /** What `Ref` gives: the URL of a queue, the name of a table, bucket, bus or function. */
  readonly ref: string
  /** What `Fn::GetAtt` gives, by attribute. */
  readonly attributes: Readonly<Record<string, string>>
}

/** A stack that runs here, until the local AWS stops. */
export interface LocalStack {
  readonly stackName: string
  /** By their names in the template. */
  readonly outputs: Readonly<Record<string, string>>
  /** What was made, by logical id; of a nested stack by `<its logical id>.<logical id>`. */
  readonly resources: Readonly<Record<string, LocalResource>>
  /**
   * A function of the stack, by its logical id, by an output that is its name or ARN, or by one of these itself.
   * @throws FlowcraftAwsError LOCAL_AWS that lists the functions there are
   */
  function(name: string): LocalFunction
  /**
   * An output.
   * @throws FlowcraftAwsError LOCAL_AWS that lists the outputs there are
   */
  output(name: string): string
  /**
   * What reaches the service of the stack from outside, as its functions were told of it.
   *
   * @param functionName - as for `function`, any function of the service, where the stack has several services
   * @throws FlowcraftAwsError LOCAL_AWS where no function was told of one
   * @example
   * const client = new RunClient(stack.connection())
   */
  connection(functionName?: string): LocalConnection
}
