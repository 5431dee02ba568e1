import { once } from 'node:events'
import { startLocalAws } from 'flowcraft-aws/local'

const interrupted = once(process, 'SIGINT')
await using aws = await startLocalAws()
const [assembly = 'cdk.out', stackName] = process.argv.slice(2)
const { outputs } = await aws.deploy({ assembly, stackName, onLog: (line) => console.log(line) })
console.log({ outputs, environment: aws.env })
await interrupted
