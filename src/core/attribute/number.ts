/**
 * DynamoDB's numbers: decimals of up to 38 significant digits between 1E-130 and 9.99…E+125, either sign, and zero.
 * They are kept in canonical text (plain digits, no exponent, no needless zeros), which is also what is answered, so
 * equal numbers are equal strings. Everything but `canonicalNumber` takes canonical text.
 *
 * The range is that of base-100 floating point with one byte of sign and exponent, and DynamoDB's item sizes agree
 * with that form; so it is both the sortable form and the measure here.
 */
import { assert } from '../assert.ts'
import { numberDigitsMax, numberMagnitudeMax, numberMagnitudeMin } from '../limits/limits.ts'

export type NumberProblem = {
  readonly problem: 'not-numeric' | 'digits' | 'overflow' | 'underflow'
  /** AWS's message. */
  readonly message: string
  /** Too large because of an exponent that no int holds. */
  readonly isBeyondInt?: true
}

/** 0.DIGITS × 10^point; digits begin and end with another digit than 0, and are empty for zero. */
type Decimal = { readonly negative: boolean; readonly digits: string; readonly point: number }

const notation = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/
const shortInteger = /^-?[1-9]\d{0,14}$/
/** Texts up to this length have at most 15 digits, which a double holds without loss of order. */
const exactAsDouble = 15

/** Of any text that a client has sent. */
export function canonicalNumber(text: string): string | NumberProblem {
  if (shortInteger.test(text)) return text
  const match = notation.exec(text)
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (match === null || whole.length + fraction.length === 0) return notNumeric(text)
  const power = match[4] ?? '0'
  if (isBeyondLong(power)) return { problem: 'not-numeric', message: notNumericMessage }
  const exponent = Number(power)
  const decimal = trimZeros(match[1] === '-', whole + fraction, whole.length + exponent)
  if (decimal.digits === '') return zeroText(exponent - fraction.length)
  return exponent >= intMax ? { ...overflow, isBeyondInt: true } : canonicalText(decimal)
}

/** Java's greatest int: where its exponents end. */
const intMax = 2 ** 31 - 1
const longDigitsMax = 19

function isBeyondLong(power: string): boolean {
  const digits = power.replace(/^[+-]?0*/, '')
  if (digits.length < longDigitsMax) return false
  return digits.length > longDigitsMax || BigInt(digits) > (power.startsWith('-') ? 2n ** 63n : 2n ** 63n - 1n)
}

/** Zero has a magnitude too, as it was written. */
function zeroText(magnitude: number): string | NumberProblem {
  if (magnitude > numberMagnitudeMax) return overflow
  return magnitude < numberMagnitudeMin ? underflow : '0'
}

/** The older validation layer takes an exponent that is too large for an int for a small one. */
export function olderMessage(problem: NumberProblem): string {
  return problem.isBeyondInt === true ? underflow.message : problem.message
}

/** A parameter of a PartiQL statement that is out of range is called no number, with its text, but for those exponents. */
export function parameterMessage(problem: NumberProblem, text: string): string {
  if (problem.isBeyondInt === true) return underflow.message
  return problem.problem === 'digits' ? problem.message : `${notNumericMessage}: ${text}`
}

export function compareNumbers(a: string, b: string): number {
  if (a.length <= exactAsDouble && b.length <= exactAsDouble) return Number(a) - Number(b)
  const negative = a.startsWith('-')
  if (negative !== b.startsWith('-')) return negative ? -1 : 1
  return negative ? compareMagnitudes(b.slice(1), a.slice(1)) : compareMagnitudes(a, b)
}

export function addNumbers(a: string, b: string): string | NumberProblem {
  if (isShortInteger(a) && isShortInteger(b)) return String(Number(a) + Number(b))
  const places = Math.max(decimalPlaces(a), decimalPlaces(b))
  return fromScaled(scaled(a, places) + scaled(b, places), places)
}

export function subtractNumbers(a: string, b: string): string | NumberProblem {
  return addNumbers(a, negated(b))
}

/**
 * Bytes whose order is the numbers' order, and of which none is the beginning of another, so that they can stand
 * before other bytes of a key: sign and base-100 exponent, base-100 digits, terminator. Negative numbers are mirrored.
 */
export function sortableNumber(text: string): Buffer {
  const { negative, digits, point } = decimalOf(text)
  if (digits === '') return Buffer.of(0x80, 0)
  const pairs = pairsOf(digits, point)
  const exponent = exponentOf(point)
  const bytes = Buffer.allocUnsafe(pairs.length / 2 + 2)
  bytes[0] = negative ? 62 - exponent : 193 + exponent
  for (let at = 0; at < pairs.length; at += 2) {
    const digit = (pairs.charCodeAt(at) - 48) * 10 + pairs.charCodeAt(at + 1) - 48
    bytes[at / 2 + 1] = negative ? 101 - digit : digit + 1
  }
  bytes[bytes.length - 1] = negative ? 102 : 0
  return bytes
}

/** What a number counts in an item's size: its base-100 form, where negative ones of less than 20 digits end in a mark. */
export function numberSizeBytes(text: string): number {
  const { negative, digits, point } = decimalOf(text)
  if (digits === '') return 1
  const pairs = Math.ceil((digits.length + (isOdd(point) ? 1 : 0)) / 2)
  return 1 + pairs + (negative && pairs < 20 ? 1 : 0)
}

const notNumericMessage = 'The parameter cannot be converted to a numeric value'

function notNumeric(text: string): NumberProblem {
  return { problem: 'not-numeric', message: text === '' ? notNumericMessage : `${notNumericMessage}: ${text}` }
}

const overflow: NumberProblem = {
  problem: 'overflow',
  message: 'Number overflow. Attempting to store a number with magnitude larger than supported range',
}
const underflow: NumberProblem = {
  problem: 'underflow',
  message: 'Number underflow. Attempting to store a number with magnitude smaller than supported range',
}
const tooManyDigits: NumberProblem = {
  problem: 'digits',
  message: `Attempting to store more than ${numberDigitsMax} significant digits in a Number`,
}

function canonicalText(decimal: Decimal): string | NumberProblem {
  const { digits, point } = decimal
  if (digits === '') return '0'
  if (point - 1 > numberMagnitudeMax) return overflow
  if (point - 1 < numberMagnitudeMin) return underflow
  if (digits.length > numberDigitsMax) return tooManyDigits
  const magnitude = plainText(digits, point)
  return decimal.negative ? `-${magnitude}` : magnitude
}

function plainText(digits: string, point: number): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return digits + '0'.repeat(point - digits.length)
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}

/** By hand: a trailing-zeros pattern takes quadratic time on what a client may send. */
function trimZeros(negative: boolean, digits: string, point: number): Decimal {
  let start = 0
  let end = digits.length
  while (start < end && digits.charCodeAt(start) === 48) start++
  while (end > start && digits.charCodeAt(end - 1) === 48) end--
  return { negative, digits: digits.slice(start, end), point: point - start }
}

function decimalOf(text: string): Decimal {
  const negative = text.startsWith('-')
  const magnitude = negative ? text.slice(1) : text
  const dot = magnitude.indexOf('.')
  return dot === -1
    ? trimZeros(negative, magnitude, magnitude.length)
    : trimZeros(negative, magnitude.slice(0, dot) + magnitude.slice(dot + 1), dot)
}

/** The digits in twos, counted from the decimal point. */
function pairsOf(digits: string, point: number): string {
  const aligned = isOdd(point) ? `0${digits}` : digits
  return isOdd(aligned.length) ? `${aligned}0` : aligned
}

/** Of the first pair: the number is pair × 100^exponent and what follows. */
function exponentOf(point: number): number {
  const exponent = Math.ceil(point / 2) - 1
  assert(exponent >= -65 && exponent <= 62, 'number: canonical text is within range')
  return exponent
}

function isOdd(integer: number): boolean {
  return integer % 2 !== 0
}

/** With equally long whole parts, the order of the digits is the order of the texts. */
function compareMagnitudes(a: string, b: string): number {
  const longer = wholeLength(a) - wholeLength(b)
  if (longer !== 0) return longer
  if (a === b) return 0
  return a < b ? -1 : 1
}

function wholeLength(magnitude: string): number {
  const dot = magnitude.indexOf('.')
  return dot === -1 ? magnitude.length : dot
}

function isShortInteger(text: string): boolean {
  return text.length <= exactAsDouble && !text.includes('.')
}

function decimalPlaces(text: string): number {
  const dot = text.indexOf('.')
  return dot === -1 ? 0 : text.length - dot - 1
}

function scaled(text: string, places: number): bigint {
  return BigInt(text.replace('.', '') + '0'.repeat(places - decimalPlaces(text)))
}

function fromScaled(value: bigint, places: number): string | NumberProblem {
  const digits = String(value < 0n ? -value : value)
  return canonicalText(trimZeros(value < 0n, digits, digits.length - places))
}

function negated(text: string): string {
  if (text === '0') return text
  return text.startsWith('-') ? text.slice(1) : `-${text}`
}
