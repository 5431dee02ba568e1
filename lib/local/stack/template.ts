// The shape of a CloudFormation template, as far as it is looked at. Types only.

export interface Template {
  readonly Resources?: Readonly<Record<string, TemplateResource>>
  readonly Outputs?: Readonly<Record<string, TemplateOutput>>
  readonly Parameters?: Readonly<Record<string, { readonly Type?: string; readonly Default?: unknown }>>
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>
  readonly Conditions?: Readonly<Record<string, unknown>>
}

export interface TemplateResource {
  readonly Type: string
  readonly Condition?: string
  readonly Properties?: Properties
}

interface TemplateOutput {
  readonly Value: unknown
  readonly Export?: { readonly Name: unknown }
  readonly Condition?: string
}

/** Not resolved yet: values may be intrinsic functions. */
export type Properties = Readonly<Record<string, unknown>>
