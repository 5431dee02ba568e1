// The public types of local Lambda functions. Types only.

/**
 * A function's code. It is copied at once, as an upload to AWS would be: later changes have no effect. `@aws-sdk/*`
 * and `@smithy/*` may stay external, since the Lambda runtime brings them.
 */
export type FunctionCode =
  /** An ES module (`.mjs`) with everything bundled in, as {@link bundleHandler} makes it. */
  | { readonly file: string; readonly folder?: never }
  /** What a .zip would hold, as the CDK leaves it in `cdk.out`. */
  | { readonly folder: string; readonly file?: never }

/** Options of {@link LocalAws.createFunction}. */
export interface LocalFunctionOptions {
  /** @default - a name that is not taken */
  name?: string
  code: FunctionCode
  /**
   * The async function of `(event, context)` to call: an export of the file, or a file of the folder and its export.
   * @default 'handler', 'index.handler' in a folder
   */
  handler?: string
  /** 1 to 900 seconds. @default 30 */
  timeoutSeconds?: number
  /** 128 to 10,240 MB; limits the heap of the process and prices its time. @default 1024 */
  memoryMb?: number
  /** Environment variables besides those of the local AWS and of the Lambda runtime. @default - none */
  environment?: Record<string, string>
  /**
   * Reserved concurrency: invocations beyond it are refused with {@link ThrottledError}, all of them with 0.
   * @default 1000 (the quota of a new AWS account; your memory ends earlier)
   */
  maxConcurrency?: number
  /**
   * The ARN of a role, in whose name the function asks, and Lambda polls its queues.
   * @default - it asks in nobody's name, and may do everything
   */
  role?: string
  /** Gets each line that the function prints. @default - the last 1,000 lines stay in `logs` */
  onLog?: (line: string) => void
}

/** What a function did so far. */
export interface FunctionStats {
  readonly invocations: number
  /** Invocations that had to start a new execution environment. */
  readonly coldStarts: number
  /** Invocations that failed, timeouts included. */
  readonly errors: number
  readonly timeouts: number
  /** Invocations refused since `maxConcurrency` others were running; not part of `invocations`. */
  readonly throttles: number
  /** Milliseconds of handler time, each invocation rounded up to one. Without the start of the process. */
  readonly billedMs: number
}

/** What can be invoked: a function, a version of it, an alias. */
export interface Invocable {
  readonly arn: string
  readonly timeoutSeconds: number
  /**
   * Calls the handler and gives what it returned, by way of JSON. Rejects with {@link FunctionError} when the
   * handler throws, times out or its process dies; with {@link ThrottledError} when too many are running.
   */
  invoke(event: unknown): Promise<unknown>
}

/** A version of a function: the code that it had when the version was published. */
export interface LocalVersion extends Invocable {
  /** Its number. */
  readonly version: string
}

/** Which versions an alias goes to. */
export interface AliasRouting {
  /** The version that gets what no other gets. */
  readonly version: string
  /** A second version, and its share of the invocations from 0 to 1: `{ '2': 0.1 }`. @default - none */
  readonly additionalVersionWeights?: Readonly<Record<string, number>>
}

/** An alias of a function. Each invocation goes to one of its versions by chance, as on AWS. */
export interface LocalAlias extends Invocable {
  readonly name: string
  readonly routing: AliasRouting
  /** Moves it, as a deployment does step by step, and a rollback back: from the next invocation on. */
  update(routing: AliasRouting): void
}

/** As the local AWS holds it. */
export interface ManagedFunction extends LocalFunction {
  /** Another has its name now: what is in flight ends, and no process stays idle. */
  retire(): void
}

/** A Lambda function whose execution environments are child processes, one invocation at a time in each. */
export interface LocalFunction extends Invocable {
  readonly name: string
  readonly memoryMb: number
  /** The ARN of its role, where it has one. */
  readonly role?: string | undefined
  /** The variables that it was made with. */
  readonly environment: Readonly<Record<string, string>>
  readonly stats: FunctionStats
  /** The last 1,000 lines that the function printed. */
  readonly logs: readonly string[]
  /**
   * Deploys new code, a file or as it was made: new invocations use it, those in flight finish on the old. Versions keep
   * theirs.
   */
  replaceCode(code: string | FunctionCode): Promise<void>
  /** Keeps the present code as the next version; the last one where the code is the same. */
  publishVersion(): LocalVersion
  /** A version that was published. */
  version(version: string): LocalVersion | undefined
  /**
   * Makes an alias.
   * @throws FlowcraftAwsError LOCAL_AWS where a version is not there, or the name is taken
   */
  createAlias(name: string, routing: AliasRouting): LocalAlias
  /** An alias that was made. */
  alias(name: string): LocalAlias | undefined
  /** Kills every execution environment at once, as a failing host would, and tells how many were busy. */
  kill(): number
  /** Kills everything, and refuses further invocations. May be called again. */
  stop(): Promise<void>
}
