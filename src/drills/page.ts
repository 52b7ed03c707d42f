import type { Report } from './report.ts'
export function pageOf(report: Report): string {
  return report.name
}
