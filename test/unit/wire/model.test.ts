import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { modelDigest, modelText } from '../../../src/core/wire/model/model.ts'
import { inputOf, operationNames, streamOperationNames } from '../../../src/core/wire/model/shapes.ts'
import * as autoScaling from '../../../src/core/wire/model/autoscaling-model.ts'
import * as cloudWatch from '../../../src/core/wire/model/cloudwatch-model.ts'
import * as iam from '../../../src/core/wire/model/iam-model.ts'
import * as kms from '../../../src/core/wire/model/kms-model.ts'
import * as streams from '../../../src/core/wire/model/streams-model.ts'
import * as sts from '../../../src/core/wire/model/sts-model.ts'
import { registry } from '../../../src/operations/registry.ts'
import { unsupported } from '../../../src/operations/unsupported.ts'
import { compileModel, digestOf, readSource } from './compile-model.ts'

describe('the compiled service model', () => {
  test('has not been edited by hand', () => {
    expect(digestOf(modelText)).toBe(modelDigest)
    for (const each of [streams, sts, iam, cloudWatch, kms, autoScaling])
      expect(digestOf(each.modelText)).toBe(each.modelDigest)
  })

  const source = process.env['LONGITUDE_SERVICE_MODEL'] ?? ''
  test.runIf(existsSync(source))('is what its source compiles to', () => {
    expect(compileModel(readSource(source))).toBe(modelText)
  })

  test('links the input of every operation', () => {
    for (const name of [...operationNames, ...streamOperationNames]) expect(inputOf(name).kind).toBe('structure')
  })
})

describe('the registry', () => {
  test('has every operation of the model, or unsupported.ts says why not', () => {
    const accounted = [...registry.keys(), ...Object.keys(unsupported)]
    expect(accounted.toSorted()).toEqual([...operationNames, ...streamOperationNames].toSorted())
  })

  test('finds each operation by its own name', () => {
    for (const [name, operation] of registry) expect(operation.name).toBe(name)
  })
})
