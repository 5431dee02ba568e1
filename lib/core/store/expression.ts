/** Builds update expressions: clauses are collected, names and values become placeholders. Pure. */

export interface UpdateExpression {
  readonly UpdateExpression: string
  readonly ConditionExpression?: string
  readonly ExpressionAttributeNames?: Record<string, string>
  readonly ExpressionAttributeValues?: Record<string, unknown>
}

/**
 * Collects the clauses of one update; every name and value becomes a placeholder, short and shared, since an
 * expression may have 4 KB (DynamoDB's limit for expression strings).
 */
export class ExpressionBuilder {
  readonly #names = new Map<string, string>()
  readonly #shared = new Map<unknown, string>()
  readonly #set: string[] = []
  readonly #remove: string[] = []
  readonly #add: string[] = []
  readonly #conditions: string[] = []

  path(...parts: readonly string[]): string {
    return parts
      .map((part) => {
        let placeholder = this.#names.get(part)
        if (!placeholder) this.#names.set(part, (placeholder = `#${this.#names.size.toString(36)}`))
        return placeholder
      })
      .join('.')
  }

  value(value: unknown): string {
    let placeholder = this.#shared.get(value)
    if (placeholder) return placeholder
    placeholder = `:${this.#shared.size.toString(36)}`
    this.#shared.set(value, placeholder)
    return placeholder
  }

  set(path: string, value: unknown): this {
    this.#set.push(`${path} = ${this.value(value)}`)
    return this
  }

  /** What another attribute was before the update. */
  copy(to: string, from: string): this {
    this.#set.push(`${to} = ${from}`)
    return this
  }

  remove(path: string): this {
    this.#remove.push(path)
    return this
  }

  add(path: string, value: unknown): this {
    this.#add.push(`${path} ${this.value(value)}`)
    return this
  }

  when(condition: string): this {
    this.#conditions.push(condition)
    return this
  }

  build(): UpdateExpression {
    const names = Object.fromEntries([...this.#names].map(([name, placeholder]) => [placeholder, name]))
    const values = Object.fromEntries([...this.#shared].map(([value, placeholder]) => [placeholder, value]))
    return {
      UpdateExpression: [clause('SET', this.#set), clause('REMOVE', this.#remove), clause('ADD', this.#add)]
        .filter(Boolean)
        .join(' '),
      ...(this.#conditions.length > 0 ? { ConditionExpression: this.#conditions.join(' AND ') } : {}),
      ...(this.#names.size > 0 ? { ExpressionAttributeNames: names } : {}),
      ...(this.#shared.size > 0 ? { ExpressionAttributeValues: values } : {}),
    }
  }
}

function clause(word: string, parts: readonly string[]): string {
  return parts.length > 0 ? `${word} ${parts.join(', ')}` : ''
}
