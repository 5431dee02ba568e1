// Programs that ask in the name of roles: their clients, and the functions that have a role.

import { clientConfigs, clientsOf, environmentOf } from '../clients.ts'
import type { LocalClients } from '../connection.ts'
import { resourceName } from '../errors.ts'
import { freshName } from '../resources.ts'
import type { LocalEndpoints } from '../types.ts'
import type { Roles } from './roles.ts'
import type { LocalRole, LocalRoleOptions } from './types.ts'

export class RoleClients {
  readonly #roles: Roles
  readonly #endpoints: LocalEndpoints
  readonly #region: string
  readonly #clients = new Map<string, LocalClients>()
  /** The access key of each function that has a role, by the function's ARN. */
  readonly #ofFunctions = new Map<string, string>()

  constructor(roles: Roles, endpoints: LocalEndpoints, region: string) {
    this.#roles = roles
    this.#endpoints = endpoints
    this.#region = region
  }

  create({ name, policies = [] }: LocalRoleOptions = {}): LocalRole {
    const roleName = resourceName('the name of a role', name ?? freshName('role'), 64)
    const { arn, accessKeyId } = this.#roles.create(roleName)
    for (const [at, policy] of policies.entries()) this.#roles.attach(roleName, `policy ${at}`, policy)
    return {
      roleName,
      arn,
      clients: this.#clientsOf(accessKeyId),
      clientConfig: clientConfigs(this.#endpoints, this.#region, accessKeyId),
      env: environmentOf(this.#endpoints, this.#region, accessKeyId),
    }
  }

  /** What a function with this role has in its environment in place of what the others have. */
  environmentFor(roleArn: string | undefined): Record<string, string> {
    const accessKeyId = this.#roles.keyOf(roleArn)
    return accessKeyId === undefined ? {} : { AWS_ACCESS_KEY_ID: accessKeyId }
  }

  remember(functionArn: string, roleArn: string | undefined): void {
    const accessKeyId = this.#roles.keyOf(roleArn)
    if (accessKeyId === undefined) this.#ofFunctions.delete(functionArn)
    else this.#ofFunctions.set(functionArn, accessKeyId)
  }

  /** Clients that ask in the name of a function's role, as Lambda polls queues; undefined where it has none. */
  ofFunction(arn: string): LocalClients | undefined {
    const accessKeyId = this.#ofFunctions.get(arn.split(':').slice(0, 7).join(':'))
    return accessKeyId === undefined ? undefined : this.#clientsOf(accessKeyId)
  }

  destroy(): void {
    for (const clients of this.#clients.values()) {
      for (const client of Object.values(clients)) client.destroy()
    }
  }

  #clientsOf(accessKeyId: string): LocalClients {
    const found =
      this.#clients.get(accessKeyId) ?? clientsOf(clientConfigs(this.#endpoints, this.#region, accessKeyId))
    this.#clients.set(accessKeyId, found)
    return found
  }
}
