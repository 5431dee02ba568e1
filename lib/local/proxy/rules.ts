// What the rules of services share. Types only.

/** An error of the service's, by the name that AWS gives it. */
export interface Refusal {
  readonly type: string
  readonly message: string
}
