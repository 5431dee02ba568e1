/**
 * A serializer whose texts tell who wrote them. What one attempt writes over what another wrote looks the same where
 * both execute the same node; the signature, which nobody reads, tells them apart (`ObservedStore.putValue`). It takes some
 * ten bytes: a value that is to ride in the header has at most 240.
 */
import { type ISerializer, JsonSerializer } from 'flowcraft'

export class Signed extends JsonSerializer {
  readonly #inner: ISerializer
  readonly #signature: () => string

  constructor(inner: ISerializer = new JsonSerializer(), signature: () => string) {
    super()
    this.#inner = inner
    this.#signature = signature
  }

  override serialize(data: Record<string, unknown>): string {
    return this.#inner.serialize({ ...data, by: this.#signature() })
  }

  override deserialize(text: string): Record<string, unknown> {
    return this.#inner.deserialize(text)
  }
}
