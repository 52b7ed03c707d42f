import type { Report } from './report.ts'
export function markdownOf(report: Report): string {
  return report.name
}
