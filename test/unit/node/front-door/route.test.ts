import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { regionOf } from '../../../../src/front-door/region-of.ts'
import { ordersOf, routeOf } from '../../../../src/front-door/route.ts'
import { readRegions } from '../../../../src/deployment/regions.ts'

const header = (scope: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`

describe('the region of a request', () => {
  test('is that of the credential scope in its header', () => {
    const authorization = header('20260101/eu-west-1/dynamodb/aws4_request')
    expect(regionOf({ headers: { authorization, 'x-amz-date': '20260101T000000Z' }, url: '/' })).toBe('eu-west-1')
    const narrow = authorization.replaceAll(', ', ',')
    expect(regionOf({ headers: { authorization: narrow, 'x-amz-date': '20260101T000000Z' } })).toBe('eu-west-1')
  })

  test('is that of the credential scope in a presigned query', () => {
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKIDEXAMPLE/20260101/ap-northeast-1/dynamodb/aws4_request',
      'X-Amz-Date': '20260101T000000Z',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': '0',
    })
    expect(regionOf({ headers: {}, url: `/?${query.toString()}` })).toBe('ap-northeast-1')
  })

  test('cannot be told where the signature is missing or half there, in the words of the API', () => {
    expect(() => regionOf({ headers: {}, url: '/' })).toThrow('Request is missing Authentication Token')
    const authorization = header('eu-west-1')
    const headers = { authorization, 'x-amz-date': '20260101T000000Z' }
    expect(() => regionOf({ headers })).toThrow('Credential must have exactly 5 slash-delimited elements')
  })
})

describe('the way of a request', () => {
  const known = readRegions()
  const names = ['us-east-1', 'us-west-2', 'eu-west-1', 'ap-northeast-1', 'ap-southeast-2']
  const orders = ordersOf(names, (from, to) => known.roundTripMs(from, to))
  const subset = fc.subarray(names)

  test('is to the region itself while it is healthy, with and without failover', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), subset, fc.boolean(), (region, ill, failover) => {
        const isHealthy = (name: string): boolean => name === region || !ill.includes(name)
        expect(routeOf(region, { orders, failover, isHealthy })).toBe(region)
      }),
    )
  })

  test('of a region that is evacuated is to the one that stands in, and never to itself', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom(...names),
        subset,
        fc.boolean(),
        (from, to, ill, failover) => {
          fc.pre(from !== to)
          const roads = { orders, failover, isHealthy: (name: string) => !ill.includes(name) }
          const evacuated = { ...roads, standInOf: (name: string) => (name === from ? to : undefined) }
          const others = names.filter((name) => name !== from && !ill.includes(name))
          if (!ill.includes(to)) expect(routeOf(from, evacuated)).toBe(to)
          else if (failover && others.length > 0) expect(others).toContain(routeOf(from, evacuated))
          else expect(() => routeOf(from, evacuated)).toThrow('be reached')
          if (!ill.includes(to)) expect(routeOf(to, evacuated)).toBe(to)
        },
      ),
    )
  })

  test('with failover is to the nearest region that is healthy and was not tried', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), subset, subset, (region, ill, tried) => {
        const roads = { orders, failover: true, isHealthy: (name: string) => !ill.includes(name) }
        const possible = names.filter((name) => !ill.includes(name) && !tried.includes(name))
        if (possible.length === 0) {
          expect(() => routeOf(region, roads, new Set(tried))).toThrow('can be reached')
          return
        }
        const found = routeOf(region, roads, new Set(tried))
        const distance = (name: string): number => known.roundTripMs(region, name) ?? Infinity
        expect(possible).toContain(found)
        expect(distance(found)).toBe(Math.min(...possible.map(distance)))
      }),
    )
  })

  test('without failover ends where the region is not healthy, with an error that SDKs try again', () => {
    const roads = { orders, failover: false, isHealthy: (name: string) => name !== 'eu-west-1' }
    expect(() => routeOf('eu-west-1', roads)).toThrow(expect.objectContaining({ code: 'ServiceUnavailable' }))
  })

  test('is nowhere for a region that is not there, whatever is healthy', () => {
    const roads = { orders, failover: true, isHealthy: () => true }
    expect(() => routeOf('mars-north-1', roads)).toThrow(
      /^Credential should be scoped to a valid region, not 'mars-north-1'\. This front door leads to us-east-1, /,
    )
  })
})
