import { z } from "zod";

/**
 * `safeParse` for JSON that somebody else made. zod compares the `length` of whatever stands in place of a text or a list, and throws when
 * that is an object, as in `{"event_type":{"length":{}}}`: such a value is not valid, and no reason to fail.
 */
export function parseForeign<Output>(
  schema: z.ZodType<Output>,
  value: unknown,
): z.ZodSafeParseResult<Output> {
  try {
    return schema.safeParse(value, { reportInput: true });
  } catch (error) {
    if (!(error instanceof TypeError && error.message.includes("primitive value"))) throw error;
    const message = "holds an object in place of a text or a list";
    const issue: z.core.$ZodIssue = { code: "custom", path: [], message, input: value };
    return { success: false, error: new z.ZodError([issue]) as z.ZodError<Output> };
  }
}
