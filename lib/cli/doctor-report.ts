import type { DoctorReport } from '../engine/doctor';
import { formatTable } from './table';

/** The doctor's report for people: a table, the remedies below it, and the verdict. */
export function formatReport({ ok, findings }: DoctorReport): string {
  const table = formatTable(
    ['CHECK', 'STATUS', 'DETAIL'],
    findings.map(({ name, status, detail }) => [name, status, detail]),
  );
  const remedies = findings.flatMap(({ name, remedy }) => (remedy ? [`${name}: ${remedy}`] : []));
  return [
    table,
    ...(remedies.length > 0 ? [`\n${remedies.join('\n')}\n`] : []),
    `\n${ok ? 'skiff run works here.' : 'skiff run can not work here.'}\n`,
  ].join('');
}
