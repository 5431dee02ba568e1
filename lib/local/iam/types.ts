// The public types of roles on the local AWS. Types only.

import type { LocalClientConfigs, LocalClients } from '../connection.ts'

/** A statement of a policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html */
export interface PolicyStatement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly NotResource?: string | readonly string[]
  /** By operator, by context key. */
  readonly Condition?: Readonly<
    Record<
      string,
      Readonly<Record<string, string | number | boolean | readonly (string | number | boolean)[]>>
    >
  >
}

/** A policy without intrinsic functions in it. */
export interface PolicyDocument {
  readonly Version?: string
  readonly Statement: PolicyStatement | readonly PolicyStatement[]
}

/** Options of {@link LocalAws.createRole}. */
export interface LocalRoleOptions {
  /** @default - a name that is not taken */
  name?: string
  /** What the role may do. @default - nothing */
  policies?: readonly PolicyDocument[]
}

/** A role. What is asked in its name must be allowed by its policies, or by those of the resource. */
export interface LocalRole {
  readonly roleName: string
  readonly arn: string
  /** Clients that ask in its name; destroyed when the local AWS stops. */
  readonly clients: LocalClients
  readonly clientConfig: LocalClientConfigs
  /** The variables of {@link LocalAws.env}, with the role's key in them. */
  readonly env: Readonly<Record<string, string>>
}

/** An action on a resource that a statement of a role's policy allows, and what it was good for. */
export interface PermissionUse {
  readonly role: string
  /** Of the statement: the policy's name, and which one in it, from 0. */
  readonly policy: string
  readonly statement: number
  readonly action: string
  readonly resource: string
  /** Of the statement. */
  readonly condition?: PolicyStatement['Condition']
  /** Requests that nothing else allowed: without it they would have been refused. */
  readonly needed: number
  /** Requests that it allows, those among them that something else allows as well. */
  readonly matched: number
}

/** A request that was refused. */
export interface RefusedRequest {
  readonly role: string
  readonly action: string
  readonly resource: string
  /** What AWS would say. */
  readonly message: string
}

/** What roles may do, and what they asked for. */
export interface LocalPermissions {
  /**
   * Each permission of each role, with what needed it so far.
   *
   * @example
   * const idle = aws.permissions.uses().filter(({ needed }) => needed === 0)
   */
  uses(): readonly PermissionUse[]
  /** What was refused so far. Grows while you look. */
  readonly refusals: readonly RefusedRequest[]
}
