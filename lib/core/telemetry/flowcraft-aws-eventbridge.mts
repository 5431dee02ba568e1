/**
 * What runs need of EventBridge's client, which the constructs bundle beside a worker's code as a file of this name
 * (`LAZY_CLIENTS`): it is read when the first event is published.
 */
export { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
