import { z } from "zod";

/** What was removed of one user. */
export const erasureReceiptSchema = z
  .object({
    user_id: z.string(),
    erased_at: z.iso.datetime().meta({
      description:
        "What was received before is gone and stays so, also what was still on its way; later events of the user are new",
    }),
    removed: z.record(z.string(), z.int().min(0)).meta({
      description:
        "Events removed, by where they were: `hot` is the database, `cold` the files beside it, `dead_letters` what it had refused",
      example: { hot: 120, cold: 4_000 },
    }),
    caches_until: z.iso.datetime().meta({
      description: "Until then a cache may still give statistics that count the user",
    }),
  })
  .meta({ id: "ErasureReceipt" });

export type ErasureReceipt = z.infer<typeof erasureReceiptSchema>;
