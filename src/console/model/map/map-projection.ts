/** Equal Earth, a projection that keeps areas: longitude and latitude to the frame of the map, which is 1000 wide. */

export const mapFrame = { width: 1000, height: 442 } as const

const [a1, a2, a3, a4] = [1.340264, -0.081106, 0.000893, 0.003796] as const
const scale = 184.7315676733982
const middle = { x: 500, y: 243.6 }

export type Point = { readonly x: number; readonly y: number }

export function project(longitude: number, latitude: number): Point {
  const [lambda, phi] = [(longitude * Math.PI) / 180, (latitude * Math.PI) / 180]
  const theta = Math.asin((Math.sqrt(3) / 2) * Math.sin(phi))
  const t2 = theta * theta
  const t6 = t2 * t2 * t2
  const slope = 9 * a4 * t6 * t2 + 7 * a3 * t6 + 3 * a2 * t2 + a1
  const x = (2 * Math.sqrt(3) * lambda * Math.cos(theta)) / (3 * slope)
  const y = theta * (a1 + a2 * t2 + t6 * (a3 + a4 * t2))
  return { x: middle.x + x * scale, y: middle.y - y * scale }
}
