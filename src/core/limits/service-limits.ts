/** Limits of the services beside DynamoDB at a region's port. */

/** Of one request, as of the smallest services of AWS; policies and metrics are smaller. */
export const serviceRequestBytesMax = 1024 * 1024
/** Parameters of one request in the Query protocol. */
export const queryParametersMax = 50_000
/** Parts of a parameter's name, such as `Metrics.member.1.Name`. */
export const queryPathPartsMax = 24
export const queryListIndexMax = 10_000
