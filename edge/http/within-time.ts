/** What the work gives, or in its place what `late` makes once it takes longer. The work goes on, and what becomes of it is ignored. */
export async function withinTime<T>(
  work: Promise<T>,
  timeoutMs: number,
  late: () => Error,
): Promise<T> {
  const expiry = Promise.withResolvers<never>();
  const timer = setTimeout(() => expiry.reject(late()), timeoutMs);
  work.catch(() => {});
  try {
    return await Promise.race([work, expiry.promise]);
  } finally {
    clearTimeout(timer);
  }
}
