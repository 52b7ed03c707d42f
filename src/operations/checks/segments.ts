import { validationError } from '../../core/errors.ts'

type Segmented = { readonly Segment?: number | undefined; readonly TotalSegments?: number | undefined }

export function segments({ Segment, TotalSegments }: Segmented): void {
  if (Segment !== undefined && TotalSegments === undefined)
    throw validationError(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    )
  if (Segment === undefined && TotalSegments !== undefined)
    throw validationError(
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    )
  if (Segment !== undefined && TotalSegments !== undefined && Segment >= TotalSegments)
    throw validationError(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${Segment} is not less than TotalSegments: ${TotalSegments}`,
    )
}
