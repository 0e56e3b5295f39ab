import postgres from "postgres";

/** Refreshes every aggregate of a TimescaleDB up to a time, as the worker does by and by. */
export async function refreshAggregates(databaseUrl: string, to = "2026-06-01"): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  for (const aggregate of ["events_hourly", "user_days"]) {
    const text = `call refresh_continuous_aggregate('${aggregate}', '2000-01-01'::timestamptz, '${to}'::timestamptz)`;
    await sql.unsafe(text).simple();
  }
  await sql.end();
}
