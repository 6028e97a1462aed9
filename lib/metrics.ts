/** The route metrics: counters of lm-serve in Prometheus' text format (exposition format 0.0.4). */
import type { Matcher } from './matcher.ts';
import type { Service } from './service.ts';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Record<string, string | number>;
type Metric = { name: string; type: 'counter' | 'gauge'; help: string; values: [Labels, number][] };

const escape = (value: string | number): string => String(value).replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));

/** The metrics as text. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map(({ name, type, help, values }) => {
    const lines = values.map(([labels, value]) => {
      const inside = Object.entries(labels).map(([key, label]) => `${key}="${escape(label)}"`).join(',');
      return `${name}${inside && `{${inside}}`} ${value}\n`;
    });
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
  }).join('');
}

/** Everything that is counted. Streams are not told apart here: there may be ten thousand, see api/streams. */
export function metricsOf(service: Service, matcher: Matcher): Metric[] {
  const { ring, ingest, followers } = service;
  const { counts, streams, account } = ingest;
  const counter = (name: string, help: string, value: number): Metric => ({ name: `lm_serve_${name}_total`, type: 'counter', help, values: [[{}, value]] });
  const gauge = (name: string, help: string, value: number): Metric => ({ name: `lm_serve_${name}`, type: 'gauge', help, values: [[{}, value]] });
  const { rss } = process.memoryUsage();
  const cpu = process.cpuUsage();
  return [
    counter('received_lines', 'Lines taken in, of whatever kind.', counts.received),
    counter('received_bytes', 'Bytes of the lines taken in.', counts.bytes),
    counter('records', 'Records that were given an entry.', counts.records),
    counter('beats', 'Signs of life and ends sent by writers.', counts.beats),
    {
      name: 'lm_serve_malformed_lines_total', type: 'counter', help: 'Lines that were no records, shown as unframed.',
      values: [...counts.reasons].map(([reason, value]) => [{ reason }, value]),
    },
    counter('split_lines', 'Lines longer than 1 MiB that came in pieces.', service.intake.split),
    counter('duplicate_records', 'Records dropped because their number had come before.', counts.duplicates),
    counter('stale_records', 'Records dropped because they came too late to tell whether they are duplicates.', counts.stale),
    counter('lost_records', 'Numbers of records that were missing when a later one came.', counts.lost),
    counter('late_records', 'Lost records that came after all.', counts.late),
    gauge('streams', 'Streams known.', streams.size),
    counter('forgotten_streams', 'Streams forgotten to bound their number.', streams.forgotten),
    gauge('runs', 'Runs whose numbers are accounted for.', account.size),
    counter('forgotten_runs', 'Runs forgotten to bound their number.', account.forgotten),
    gauge('held_entries', 'Entries in memory.', ring.entries),
    gauge('held_bytes', 'Bytes of memory that the entries take.', ring.bytes),
    gauge('held_bytes_limit', 'Bytes of memory that the entries may take.', ring.limit),
    counter('dropped_entries', 'Entries that have left the memory.', ring.dropped),
    {
      name: 'lm_serve_followers', type: 'gauge', help: 'Streams open to clients.',
      values: [[{ route: 'live' }, followers.live], [{ route: 'tail' }, followers.tail]],
    },
    counter('followers', 'Streams opened to clients so far.', followers.total),
    counter('refused_followers', 'Streams refused because too many were open.', followers.refused),
    gauge('searches', 'Requests with a pattern under way.', matcher.searches),
    counter('refused_searches', 'Requests with a pattern refused because too many were under way.', matcher.busy),
    counter('patterns_given_up', 'Patterns given up because they took too long.', matcher.givenUp),
    {
      name: 'lm_serve_http_responses_total', type: 'counter', help: 'Answers by status.',
      values: [...service.answers].map(([status, value]) => [{ status }, value]),
    },
    { name: 'process_resident_memory_bytes', type: 'gauge', help: 'Resident memory.', values: [[{}, rss]] },
    { name: 'process_cpu_seconds_total', type: 'counter', help: 'CPU time used.', values: [[{}, (cpu.user + cpu.system) / 1e6]] },
    { name: 'process_start_time_seconds', type: 'gauge', help: 'When the process began.', values: [[{}, service.started / 1000]] },
  ];
}
